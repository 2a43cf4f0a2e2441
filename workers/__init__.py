"""The work of each stage of the data path, in functions and classes that know nothing of Kafka or Faust."""
