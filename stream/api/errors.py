"""Errors as HTTP answers: always {"error": {"field", "message"}}, one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from schemas.errors import Conflict, FreshlineError, RefusedRequest, Unavailable
from schemas.queries import ErrorAnswer, ErrorDetail
from stream.api.models import JSONAnswer

if TYPE_CHECKING:
    from fastapi import FastAPI, Request

log = structlog.get_logger(__name__)


def error_answer(
    status: int, message: str, field: str | None = None, headers: dict[str, str] | None = None
) -> JSONAnswer:
    """`field` is the parameter to change, where there is one."""
    return JSONAnswer(ErrorAnswer(error=ErrorDetail(field=field, message=message)).model_dump(), status, headers)


def add_error_answers(app: FastAPI) -> None:
    """Every error of every route leaves in the one form; no traceback reaches a client."""
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    app.add_exception_handler(RefusedRequest, _refused)  # type: ignore[arg-type]
    app.add_exception_handler(Conflict, _conflict)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    app.add_exception_handler(FreshlineError, _failed)
    app.add_exception_handler(Exception, _failed)


def sentence(error: dict[str, Any]) -> tuple[str | None, str]:
    """The field and one plain sentence of a pydantic error."""
    field = str(error["loc"][-1]) if len(error["loc"]) > 1 else None
    message = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return field, f"{field}: there is no such parameter"
    if field is None:  # a rule over several fields names its own
        return message.partition(":")[0], message
    message = message.removeprefix("Input ").removeprefix("String ").removeprefix("Value ")
    return field, f"{field}: {message[:1].lower()}{message[1:]}"


async def _invalid(_: Request, error: RequestValidationError) -> JSONAnswer:
    field, message = sentence(error.errors()[0])
    return error_answer(422, message, field)


async def _refused(_: Request, error: RefusedRequest) -> JSONAnswer:
    return error_answer(422, f"{error.field}: {error}", error.field)


async def _conflict(_: Request, error: Exception) -> JSONAnswer:
    return error_answer(409, str(error))


async def _unavailable(_: Request, error: Exception) -> JSONAnswer:
    return error_answer(503, str(error), headers={"Retry-After": "1"})


async def _http(request: Request, error: HTTPException) -> JSONAnswer:
    message = f"there is no {request.url.path} here" if error.status_code == 404 else str(error.detail)
    return error_answer(error.status_code, message, headers=dict(error.headers or {}))


async def _failed(request: Request, error: Exception) -> JSONAnswer:
    log.error("request failed", path=request.url.path, exc_info=error)
    return error_answer(500, "this is a bug in Freshline; its log has the traceback")
