"""Who is asking: the holder of a token, or someone signed in to the documentation page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from django.contrib.auth.models import User
from knox import auth
from knox.crypto import hash_token
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from skillbuilder.authoring.models import Skill
from skillbuilder.authoring.read_rows import read_rows
from skillbuilder.training.models import TrainingRun
from skillbuilder.training.runs import IS_LOGGED, SERVES_BY, SERVING_ID

# Every request asks for it.
_HOLDERS = """
    SELECT {0}, knox_authtoken.digest
    FROM knox_authtoken JOIN auth_user ON auth_user.id = knox_authtoken.user_id
    WHERE knox_authtoken.token_key = %s AND knox_authtoken.expiry IS NULL
"""
_HOLDER = (User, ("id", "username", "is_active", "is_staff", "is_superuser"))

# Every parse asks for it: for all that it needs to know at once.
_ASKING = f"""
    SELECT {{0}}, {{1}}, {{2}}, {IS_LOGGED.format("authoring_skill.id")}, (
        SELECT role FROM authoring_membership
        WHERE skill_id = authoring_skill.id AND user_id = auth_user.id
    ), knox_authtoken.digest
    FROM knox_authtoken JOIN auth_user ON auth_user.id = knox_authtoken.user_id
    LEFT JOIN authoring_skill
        ON authoring_skill.slug = %s AND authoring_skill.binned_at IS NULL
    LEFT JOIN training_trainingrun
        ON training_trainingrun.id = ({SERVING_ID.format("authoring_skill.id")})
    WHERE knox_authtoken.token_key = %s AND knox_authtoken.expiry IS NULL
"""  # noqa: S608 - nothing of a request is put in
_ASKED = (Skill, ("id", "owner", "name", "slug"))


@dataclass(frozen=True)
class Holder:
    """Whom a token is of; of a parse also which skill is asked for, their role, what serves."""

    user: User
    digest: str
    skill: Skill | None = None
    role: str | None = None
    run: TrainingRun | None = None


class TokenAuthentication(auth.TokenAuthentication):
    """Knox's tokens; bytes that are no text are an invalid token, not a crash.

    Of a view that ``parses`` the query for the token tells all that the view needs to know.
    """

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token; raises AuthenticationFailed."""
        if not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        text = token.decode()
        digest = hash_token(text)
        for holder in self.holders(text[: CONSTANTS.TOKEN_KEY_LENGTH]):
            if compare_digest(digest, holder.digest):
                found = self.validate_user(holder)
                return found[0], found[1]
        # Tokens that expire are knox's to check, and to delete.
        user_and_token: tuple[Any, Any] = super().authenticate_credentials(token)
        return user_and_token

    def authenticate(self, request: Any) -> tuple[Any, Any] | None:
        """Return the user and the token, None if there is none; raises AuthenticationFailed."""
        asked = request.parser_context
        self.parsed = asked["kwargs"]["slug"] if getattr(asked["view"], "parses", False) else None
        user_and_token: tuple[Any, Any] | None = super().authenticate(request)
        return user_and_token

    def holders(self, key: str) -> Iterator[Holder]:
        """Yield the holders of tokens that begin with ``key`` and do not expire."""
        if self.parsed is None:
            for user, digest in read_rows(_HOLDERS, [key], _HOLDER):
                yield Holder(user, digest)
            return
        parts = (_HOLDER, _ASKED, SERVES_BY)
        for user, skill, run, logged, role, digest in read_rows(
            _ASKING, [self.parsed, key], *parts
        ):
            if run is not None:
                run.is_logged = bool(logged)
            yield Holder(user, digest, skill, role, run)

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Return whether the token has expired; knox looks at all others of the user as well."""
        return auth_token.expiry is not None and super()._cleanup_token(auth_token)
