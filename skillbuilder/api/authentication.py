"""Who is asking: the holder of a token, or someone signed in to the documentation page."""

from __future__ import annotations

from typing import Any

from knox import auth
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(auth.TokenAuthentication):
    """Knox's tokens; bytes that are no text are an invalid token, not a crash."""

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """Return the user and the token; raises AuthenticationFailed."""
        if not token.isascii():
            raise AuthenticationFailed("Invalid token.")
        user_and_token: tuple[Any, Any] = super().authenticate_credentials(token)
        return user_and_token

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Return whether the token has expired; knox looks at all others of the user as well."""
        return auth_token.expiry is not None and super()._cleanup_token(auth_token)
