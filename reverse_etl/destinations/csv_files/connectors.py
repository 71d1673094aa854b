"""The three places as connectors. A place is imported where it is used: who writes to a folder needs no SSH."""

from __future__ import annotations

from reverse_etl.destinations.connector import Account, Connector, Target
from reverse_etl.destinations.csv_files.client import CsvFile, check
from reverse_etl.destinations.csv_files.config import AWS, CAPABILITIES, S3Options, SftpOptions, SyncOptions


def _in_folder(account: Account, target: Target) -> CsvFile:
    from reverse_etl.destinations.csv_files.folder import Folder

    return CsvFile(Folder(account), target)


def _at_sftp(account: Account, target: Target) -> CsvFile:
    from reverse_etl.destinations.csv_files.sftp import SftpFolder

    return CsvFile(SftpFolder(account), target)


def _in_bucket(account: Account, target: Target) -> CsvFile:
    from reverse_etl.destinations.csv_files.s3 import Bucket

    return CsvFile(Bucket(account), target)


FOLDER = Connector(
    CAPABILITIES,
    _in_folder,
    schemes=frozenset({"file"}),
    needs_secret=False,
    sync_options=SyncOptions,
    check=check,
)
SFTP = Connector(
    CAPABILITIES,
    _at_sftp,
    schemes=frozenset({"sftp"}),
    account_options=SftpOptions,
    sync_options=SyncOptions,
    check=check,
)
S3 = Connector(
    CAPABILITIES,
    _in_bucket,
    base_url=AWS,
    account_options=S3Options,
    sync_options=SyncOptions,
    check=check,
)
