"""python -m tests.qdrant_front --port P [--grpc-port Q]"""

from __future__ import annotations

import argparse
import asyncio

from .serving import serve
from .store import Store

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.qdrant_front", description=__doc__)
    parser.add_argument("--port", type=int, default=6333)
    parser.add_argument("--grpc-port", type=int, default=0, help="by default a free one")
    asked = parser.parse_args()
    asyncio.run(serve(asked.port, asked.grpc_port, Store()))
