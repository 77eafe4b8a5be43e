"""Who is asking: the holder of a token, or someone signed in to the documentation page."""

from __future__ import annotations

from hmac import compare_digest
from typing import Any

from django.contrib.auth.models import User
from knox import auth
from knox.crypto import hash_token
from knox.models import AuthToken
from knox.settings import CONSTANTS
from rest_framework.exceptions import AuthenticationFailed

from skillbuilder.authoring.read_rows import read_rows

# Every request asks for it.
_HOLDERS = """
    SELECT {columns}, token.digest
    FROM knox_authtoken AS token JOIN auth_user ON auth_user.id = token.user_id
    WHERE token.token_key = %s AND token.expiry IS NULL
"""
_KNOWN_BY = ("id", "username", "is_active", "is_staff", "is_superuser")


class TokenAuthentication(auth.TokenAuthentication):
    """Knox's tokens; bytes that are no text are an invalid token, not a crash."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token; raises AuthenticationFailed."""
        if not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        text = token.decode()
        digest = hash_token(text)
        key = text[: CONSTANTS.TOKEN_KEY_LENGTH]
        for holder, (kept,) in read_rows(User, _KNOWN_BY, _HOLDERS, [key]):
            if compare_digest(digest, kept):
                found = self.validate_user(AuthToken(digest=digest, user=holder))
                return found[0], found[1]
        # Tokens that expire are knox's to check, and to delete.
        user_and_token: tuple[Any, Any] = super().authenticate_credentials(token)
        return user_and_token

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Return whether the token has expired; knox looks at all others of the user as well."""
        return auth_token.expiry is not None and super()._cleanup_token(auth_token)
