"""The pages in a real Chromium, over one running stack; skipped where there is no Chromium."""
