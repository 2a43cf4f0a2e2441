"""Errors as HTTP answers: always {"error": {"field", "message"}}, one plain sentence. See `schemas.errors`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from schemas.answers import ErrorAnswer, ErrorDetail
from schemas.errors import FreshlineError, RefusedRequest, Unauthorized, Unavailable
from stream.api.models import JSONAnswer
from stream.api.parameter_refusals import refusal, unreadable

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = structlog.get_logger(__name__)

RETRY_AFTER = {"Retry-After": "1"}
"""The seconds after which a client may try again."""
BAD_REQUEST = 400
"""The status with which FastAPI refuses a body that it cannot read for another reason than its JSON."""
BEARER = {"WWW-Authenticate": "Bearer"}
"""The way in which a key is to be sent."""


def error_answer(
    status: int, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> JSONAnswer:
    """Return the answer of this status. `field` is the parameter to change, where there is one."""
    return JSONAnswer(ErrorAnswer(error=ErrorDetail(field=field, message=message)).model_dump(), status, headers)


def add_error_answers(app: FastAPI) -> None:
    """Give every error of every route the one form; no traceback reaches a client."""
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(FreshlineError, _explained)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _failed)


async def _invalid(request: Request, error: RequestValidationError) -> JSONAnswer:
    return await _explained(request, refusal(error.errors()[0]))


async def _explained(request: Request, error: FreshlineError) -> JSONAnswer:
    if isinstance(error, RefusedRequest):
        return error_answer(error.http_status, str(error), error.field)
    if error.http_status == FreshlineError.http_status:
        return await _failed(request, error)
    headers = RETRY_AFTER if isinstance(error, Unavailable) else BEARER if isinstance(error, Unauthorized) else None
    return error_answer(error.http_status, str(error), headers=headers)


async def _http(request: Request, error: HTTPException) -> JSONAnswer:
    if error.status_code == BAD_REQUEST and isinstance(error.__cause__, Exception):
        return await _explained(request, unreadable(error.__cause__))
    path = request.url.path
    sentences = {
        404: f"there is no {path} here",
        405: f"{path} does not take {request.method}: /openapi.json has the methods of each address",
    }
    message = sentences.get(error.status_code, str(error.detail))
    return error_answer(error.status_code, message, headers=dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> JSONAnswer:
    log.error("request failed", path=request.url.path, exc_info=error)
    return error_answer(FreshlineError.http_status, "this is a bug in Freshline; its log has the traceback")
