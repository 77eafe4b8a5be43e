"""What the OpenAPI document says beyond what can be read off views and serializers."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerExtension

from skillbuilder.api.authentication import TokenAuthentication
from skillbuilder.api.serializers import StrictSerializer


class TokenScheme(OpenApiAuthenticationExtension):
    """How the document describes our tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme object."""
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": 'The word "Token", a space, and your token: `Token skb_...`',
        }


class StrictScheme(OpenApiSerializerExtension):
    """Says of our strict serializers that they take no unknown keys."""

    target_class = StrictSerializer
    match_subclasses = True

    def map_serializer(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        """Return the schema object."""
        schema = auto_schema._map_serializer(self.target, direction, bypass_extensions=True)
        return {**schema, "additionalProperties": False}
