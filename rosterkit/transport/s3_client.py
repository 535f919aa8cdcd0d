"""One client of S3 or of a service that speaks its protocol, and what goes wrong in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore import exceptions as boto
from botocore.config import Config

from rosterkit.transport.base import Fault, Why
from rosterkit.transport.secrets import resolve
from rosterkit.transport.settings import S3Settings

_FORBIDDEN = ("AccessDenied", "AllAccessDisabled", "403", "Forbidden")
_BAD_KEY = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken")
_PASSING = ("RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "OperationAborted", "Throttling")
_CORRUPTED = (
    "BadDigest",
    "IncompleteBody",
    "InvalidDigest",
    "XAmzContentSHA256Mismatch",
    "XAmzContentChecksumMismatch",
)


@contextmanager
def plainly(key: str, bucket: str) -> Iterator[None]:
    """Turns what goes wrong into a Fault; ``key`` is what was worked on."""
    try:
        yield
    except boto.ClientError as error:
        raise _fault(error, key, bucket) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
        text = "This machine has no AWS identity. Set access_key_id and secret_access_key."
        raise Fault(text, Why.SETTINGS) from error
    except boto.SSLError as error:
        text = "The certificate of the service is not trusted. Look at endpoint_url and ca."
        raise Fault(text, Why.SETTINGS) from error
    except boto.FlexibleChecksumError as error:
        raise Fault(f"{key} does not match the checksum that S3 states.", Why.CHECKSUM, again=True) from error
    except boto.BotoCoreError as error:
        text = f"The connection was lost or could not be made ({type(error).__name__})."
        raise Fault(text, Why.UNREACHABLE, again=True) from error


def _fault(error: boto.ClientError, key: str, bucket: str) -> Fault:
    what, number = code(error), status(error)
    if what in _PASSING or number in (429, 500, 502, 503, 504):
        return Fault(f"The service is busy or failed ({what}).", Why.UNREACHABLE, busy=True)
    if what in _CORRUPTED:
        return Fault(f"{key} was damaged on its way ({what}).", Why.CHECKSUM, again=True)
    if what in _BAD_KEY:
        text = f"The service does not accept the access key ({what}). Ask for new credentials, and store them."
        return Fault(text, Why.SETTINGS)
    if what == "RequestTimeTooSkewed":
        return Fault("This machine's clock is wrong by more than 15 minutes. Set it.", Why.SETTINGS)
    if what == "NoSuchBucket":
        return Fault(f"There is no bucket {bucket}. Look at bucket and region.", Why.SETTINGS)
    if what in ("PermanentRedirect", "AuthorizationHeaderMalformed") or number == 301:
        region = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("x-amz-bucket-region", "")
        return Fault(f"The bucket is in another region. Set region{region and ' = ' + region}.", Why.SETTINGS)
    if what in _FORBIDDEN or number == 403:
        text = f"The access key has no right to do this with {key} ({what}). Ask whoever gave it to you."
        return Fault(text, Why.SETTINGS)
    if what == "NoSuchUpload":
        return Fault(f"The upload of {key} is not known any more.", Why.INCOMPLETE, again=True)
    if number == 412:
        return Fault(f"{key} changed while it was read. It is taken when it has not changed.", Why.CHANGED)
    if number == 404:
        return Fault(f"{key} is not there. Look at prefix and name.", Why.MISSING)
    return Fault(f"The service refuses it for {key} ({what} {number}).", Why.REFUSED)


def code(error: boto.ClientError) -> str:
    """The service's word for what is wrong."""
    return str(error.response.get("Error", {}).get("Code", ""))


def status(error: boto.ClientError) -> int:
    """The status of the answer."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def client(settings: S3Settings, folder: Path) -> Any:
    """A client that makes one attempt at a time."""
    given = {}
    if settings.access_key_id and settings.secret_access_key:
        given = {
            "aws_access_key_id": resolve(settings.access_key_id, folder).get_secret_value(),
            "aws_secret_access_key": resolve(settings.secret_access_key, folder).get_secret_value(),
        }
    config = Config(
        retries={"total_max_attempts": 1},  # Place makes the attempts
        connect_timeout=settings.connect_seconds,
        read_timeout=settings.idle_seconds,
        s3={"addressing_style": "path" if settings.endpoint_url else "auto"},
        request_checksum_calculation="when_required",  # ours goes along
        max_pool_connections=1,
    )
    return boto3.session.Session(**given).client(
        "s3",
        region_name=settings.region,
        endpoint_url=settings.endpoint_url or None,
        verify=str(folder / settings.ca) if settings.ca else None,
        config=config,
    )
