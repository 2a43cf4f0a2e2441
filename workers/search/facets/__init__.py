"""Values of found items, read and counted, a facet's own filter set aside. Their order on a page is in `order`."""
