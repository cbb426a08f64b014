"""Everything else, through apprise: it says whether a service took a message, and not why it did not."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from crm_bridge.errors import UsageError
from crm_bridge.i18n import _
from crm_bridge.notify.message import DeliveryState, Notice, SendResult
from crm_bridge.transport.origins import is_loopback


@dataclass(frozen=True, slots=True)
class LibrarySender:
    """The way out of one `apprise` channel: an address as apprise has them, which is a secret."""

    url: str = field(repr=False)

    @property
    def stays_here(self) -> bool:
        """Return whether the address names this machine."""
        return is_loopback(urlsplit(self.url).hostname or "")

    def send(self, notice: Notice) -> SendResult:
        """Send one message. Raises UsageError where apprise is not installed, or does not know the address."""
        try:
            import apprise
        except ImportError:
            raise UsageError(
                _("the channel {name} needs the package apprise").format(name=notice.channel),
                hint=_("install it with: pip install 'crm-bridge[chat]'"),
            ) from None
        service = apprise.Apprise()
        if not service.add(self.url):
            raise UsageError(_("apprise does not know the address of {name}").format(name=notice.channel))
        took = service.notify(body=notice.text, title=notice.subject, body_format=apprise.NotifyFormat.TEXT)
        # No reason is told: it may have left.
        return SendResult(DeliveryState.SENT if took else DeliveryState.UNKNOWN, "" if took else "apprise")
