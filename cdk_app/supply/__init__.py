"""What others wrote and we ship or run: its versions, the hashes of its files, its licences."""
