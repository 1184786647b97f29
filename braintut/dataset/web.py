"""One request to a server of files: its answer, or one sentence about why there is none."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from braintut.errors import DownloadError

if TYPE_CHECKING:
    from requests import Response, Session

TIMEOUT = (15, 60)  # seconds to connect, seconds without a byte
BUSY = (429, 500, 502, 503, 504)
SLOWEST, PATIENCE = 1000, 60  # bytes a second that must arrive, seconds that it may be fewer
CHUNK = 1 << 18
CERTIFICATES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Settings that name a list of certificates, in the order in which requests looks at them."""


class Refused(Exception):
    """An address did not give the file; the text says why."""


class Busy(Refused):
    """An address may give the file if it is asked again."""


class BrokeOff(Exception):
    """The connection failed before all had arrived, or was never made; the text says why."""


@contextlib.contextmanager
def asked(address: str, headers: dict[str, str], session: Session | None = None) -> Iterator[Response]:
    """Give a server's answer, of which nothing but the head has been read; a session keeps its connections.

    A compressed answer is never asked for: it would make sizes and ranges meaningless. `BrokeOff` if the connection
    fails, here or while the caller reads; `Refused` if there can be none; `DownloadError` if a setting of the user's is
    in the way, which no other address can mend.
    """
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    _check_certificates()
    connected = False
    try:
        get = session.get if session else requests.get
        headers = {"Accept-Encoding": "identity", **headers}
        with get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
            connected = True
            yield answer
    except (requests.Timeout, ReadTimeoutError) as error:
        raise BrokeOff("no answer in time") from error
    except requests.exceptions.SSLError as error:
        raise BrokeOff(f"its certificate is not accepted; {_about_certificates()}") from error
    except requests.exceptions.ProxyError as error:
        raise BrokeOff(f"no connection to the proxy that {_proxy_setting(address)} names") from error
    except (requests.exceptions.InvalidSchema, requests.exceptions.InvalidURL, ValueError) as error:
        raise _about_proxy(address, error) from error
    except (requests.RequestException, HTTPError) as error:
        raise BrokeOff("the connection broke off" if connected else f"no connection: {type(error).__name__}") from error


def content_of(answer: Response) -> Iterator[bytes]:
    """What arrives, as it arrives; whether it is a file at all is known once the first of it is here.

    `Busy` if it is none and worth asking again, else `Refused`.
    """
    if is_compressed(answer) and answer.status_code == 206:  # nobody could unpack a part
        raise Refused("it compressed a part of the file")
    chunks = _chunks_of(answer)
    first = next(chunks, b"")
    _refuse_what_is_no_file(answer, first)
    return _no_trickle(chain([first], chunks))


def _chunks_of(answer: Response) -> Iterator[bytes]:
    # `iter_content` would wait for a whole chunk, however slow the server is.
    read = getattr(answer.raw, "read1", None)  # not there before urllib3 2
    return iter(lambda: read(CHUNK, decode_content=True), b"") if read else answer.iter_content(CHUNK)


def _refuse_what_is_no_file(answer: Response, first: bytes) -> None:
    """Notice bot checks, error pages and empty answers before a byte is written."""
    if answer.status_code not in (200, 206):
        # An address that another one led to may have grown too old: a new one is had by asking again.
        again = answer.status_code in BUSY or (answer.history and answer.status_code in (403, 410))
        raise (Busy if again else Refused)(f"it answered {answer.status_code} instead of the file")
    if not first:
        raise Refused("its answer was empty")
    # The rest of a file (206) may start with any byte, its beginning with no "<".
    looks_like_a_page = answer.status_code == 200 and first.lstrip()[:1] == b"<"
    if looks_like_a_page or "text/html" in answer.headers.get("Content-Type", ""):
        raise Refused("it answered with a web page instead of the file")


def is_compressed(answer: Response) -> bool:
    """Whether a server packed its answer although nobody asked for it, so that it states another length."""
    return bool(answer.headers.get("Content-Encoding", "identity") != "identity")


def _no_trickle(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Pass chunks on, and stop where hardly any bytes arrive: each alone would come in time, but all never would."""
    since, arrived = time.monotonic(), 0
    for chunk in chunks:
        yield chunk
        arrived += len(chunk)
        if time.monotonic() - since > PATIENCE:
            if arrived < SLOWEST * PATIENCE:
                raise Refused(f"it sent {arrived} bytes in {PATIENCE:g} seconds")
            since, arrived = time.monotonic(), 0


def _check_certificates() -> None:
    # requests itself would name the file, but not the setting that names it.
    for setting in CERTIFICATES:
        if path := os.environ.get(setting):
            if not Path(path).exists():
                raise DownloadError(
                    f"The setting {setting} names '{path}' as the list of certificates, but there is no such file: "
                    "correct the setting, or unset it."
                )
            return


def _about_certificates() -> str:
    setting = next((name for name in CERTIFICATES if os.environ.get(name)), None)
    if setting:
        return f"the setting {setting} names the list of those that are: correct or unset it"
    return f"where a company's proxy stands between, let the setting {CERTIFICATES[0]} name its list of certificates"


def _proxy_setting(address: str) -> str:
    """Name of the setting that gives the proxy; its value may hold a password, and is never shown."""
    names = (f"{address.split(':')[0]}_proxy", "all_proxy")
    found = [spelt for name in names for spelt in (name, name.upper()) if os.environ.get(spelt)]
    return f"the setting {found[0]}" if found else "the system"


def _about_proxy(address: str, error: Exception) -> Exception:
    """What to say where not the address but the proxy on the way to it is written wrongly."""
    import requests

    if not requests.utils.get_environ_proxies(address):
        return Refused(f"no connection: {type(error).__name__}")
    setting = _proxy_setting(address)
    if "SOCKS" in str(error):
        return DownloadError(
            f"The proxy that {setting} names speaks SOCKS, for which a package is missing: run "
            "`pip install pysocks`, or unset it."
        )
    return DownloadError(
        f"The proxy that {setting} names cannot be understood: write it as http://host:port, or unset it."
    )
