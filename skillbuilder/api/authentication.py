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

# Every request asks for it, and for Django it takes five times as long to write as to be answered.
_HOLDERS = """
    SELECT holder.*, token.digest AS token_digest
    FROM knox_authtoken AS token JOIN auth_user AS holder ON holder.id = token.user_id
    WHERE token.token_key = %s AND token.expiry IS NULL
"""


class TokenAuthentication(auth.TokenAuthentication):
    """Knox's tokens; bytes that are no text are an invalid token, not a crash."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token; raises AuthenticationFailed."""
        if not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        text = token.decode()
        digest = hash_token(text)
        for holder in User.objects.raw(_HOLDERS, [text[: CONSTANTS.TOKEN_KEY_LENGTH]]):
            if compare_digest(digest, holder.token_digest):  # type: ignore[attr-defined]
                found = self.validate_user(AuthToken(digest=digest, user=holder))
                return found[0], found[1]
        # Tokens that expire are knox's to check, and to delete.
        user_and_token: tuple[Any, Any] = super().authenticate_credentials(token)
        return user_and_token

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Return whether the token has expired; knox looks at all others of the user as well."""
        return auth_token.expiry is not None and super()._cleanup_token(auth_token)
