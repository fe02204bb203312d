"""What the doctor says of signing in: the identity providers that are set up, and whether passwords travel safely."""

from collections.abc import Iterator
from datetime import datetime

from app.access.issuer import Issuer, is_safe_address
from app.access.machines import open_machines
from app.access.oidc import CALLBACK, open_provider
from app.cli.checks import Finding, State
from app.errors import AppError
from app.settings import Settings


def check_sign_in(settings: Settings, now: datetime) -> Iterator[Finding]:
    """One finding for the way that passwords take, and one for each provider that is set up."""
    if is_safe_address(settings.base_url):
        yield Finding("sign-in", State.OK, f"at {settings.base_url}/sign-in")
    else:
        mend = "Put a proxy with TLS in front and set CLOSELOOP_PUBLIC_URL to its https address."
        yield Finding("sign-in", State.WARNING, "keys, passwords and cookies travel without TLS", mend)
    try:
        provider, machines = open_provider(settings), open_machines(settings)
    except AppError as error:
        yield Finding("identity provider", State.FAILED, error.message, "Correct or unset that variable.")
        return
    if provider is not None:
        yield _reach("identity provider", provider.issuer, now, f"sends people back to {settings.base_url}{CALLBACK}")
    if machines is not None:
        yield _reach("token issuer", machines.issuer, now, f"tokens for {machines.audience} are taken")


def _reach(check: str, issuer: Issuer, now: datetime, found: str) -> Finding:
    try:
        issuer.metadata(now)
    except AppError:
        mend = "Compare the setting with `issuer` in its /.well-known/openid-configuration, and see the network."
        return Finding(check, State.FAILED, f"{issuer.address} does not answer as an issuer should", mend)
    return Finding(check, State.OK, found)
