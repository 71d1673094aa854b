"""Connectors to files that somebody picks up: in a folder, on an SFTP server, in an S3 bucket; see README.md."""

from reverse_etl.destinations.csv_files.connectors import FOLDER, S3, SFTP

__all__ = ["FOLDER", "S3", "SFTP"]
