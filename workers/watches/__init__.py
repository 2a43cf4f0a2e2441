"""Watches: standing queries of shoppers, matched with the items that change. Alerts are sent in `workers.lanes`."""
