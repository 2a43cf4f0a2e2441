"""python -m tests.qdrant_front --port P"""

from __future__ import annotations

import argparse
import asyncio

from .serving import serve

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.qdrant_front", description=__doc__)
    parser.add_argument("--port", type=int, default=6333)
    asyncio.run(serve(parser.parse_args().port))
