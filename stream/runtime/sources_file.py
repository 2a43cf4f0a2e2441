"""The file that FRESHLINE_SOURCES names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schemas.setting_files import read_setting_file
from workers.sources.formats import SourcesFile, read_sources
from workers.sources.sources import Sources

if TYPE_CHECKING:
    from stream.runtime.settings import Settings

NO_SOURCES = SourcesFile(sources=[])


def configured_sources(settings: Settings) -> SourcesFile:
    """Return the configured sources; none where the setting is not set. Raises Misconfigured."""
    if settings.sources is None:
        return NO_SOURCES
    return read_sources(read_setting_file(settings.sources, "FRESHLINE_SOURCES"), str(settings.sources))


def sources_of(settings: Settings) -> Sources:
    """Return the configured sources, ready to decode with. Raises Misconfigured."""
    return Sources(configured_sources(settings).sources, settings.shop_currency)
