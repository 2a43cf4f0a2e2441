"""How far each stage is: the reports on the topic `progress`, the searchable watermark, lag and freshness."""
