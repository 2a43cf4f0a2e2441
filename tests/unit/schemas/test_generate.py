from __future__ import annotations

from schemas.generate import FOLDER, schemas


def test_the_json_schema_files_are_what_the_models_say() -> None:
    """Run `python -m schemas.generate` if this fails."""
    stored = {path.name.removesuffix(".schema.json"): path.read_bytes() for path in FOLDER.iterdir()}
    assert stored == schemas()
