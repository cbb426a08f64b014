"""E-mail: one message for one recipient. Only an answer that is lost after the message left is `unknown`."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from crm_bridge.clock import Clock
from crm_bridge.notify.message import DeliveryState, Notice, SendResult
from crm_bridge.notify_file import ChannelTable
from crm_bridge.transport.network import Network
from crm_bridge.transport.origins import is_loopback

_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Mailer:
    """The way out of one `smtp` channel. User and password are asked for where the channel has them."""

    table: ChannelTable
    user: str | None
    password: str | None
    ca_file: Path | None
    clock: Clock

    @property
    def stays_here(self) -> bool:
        """Return whether the server is this machine."""
        return is_loopback(self.table.host)

    def send(self, notice: Notice) -> SendResult:
        """Send one message and return what was observed; raises nothing for what the server or the network does."""
        message = self._message(notice)
        try:
            server = self._connected()
        except smtplib.SMTPResponseException as refused:
            return _refused(refused.smtp_code)
        except (OSError, smtplib.SMTPException) as problem:
            return SendResult(DeliveryState.NOT_SENT, type(problem).__name__)
        try:
            return self._handed_over(server, notice.recipient, message)
        finally:
            # What is said now changes nothing of what became of the message.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        host, port, context = self.table.host, self.table.port, Network(ca_file=self.ca_file).context()
        if self.table.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=context)
        else:
            server = smtplib.SMTP(host, port, timeout=_SECONDS)
        try:
            server.ehlo_or_helo_if_needed()
            if self.table.security == "starttls":
                server.starttls(context=context)
                server.ehlo()
            if self.user:
                server.login(self.user, self.password or "")
        except BaseException:
            server.close()
            raise
        return server

    def _handed_over(self, server: smtplib.SMTP, recipient: str, message: EmailMessage) -> SendResult:
        """Name sender and recipient, send the content: only the reply to its last line says what became of it."""
        left = False
        try:
            for command, yes in ((f"mail FROM:<{self.table.sender}>", 2), (f"rcpt TO:<{recipient}>", 2), ("data", 3)):
                code, _text = server.docmd(command)
                if code // 100 != yes:
                    return _refused(code)
            lines = message.as_bytes(policy=SMTP).removesuffix(b"\r\n").split(b"\r\n")
            left = True
            server.send(b"\r\n".join(b"." + one if one.startswith(b".") else one for one in lines) + b"\r\n.\r\n")
            code, _text = server.getreply()
        except (OSError, smtplib.SMTPException) as problem:
            # Until the content was asked for, the server has no message.
            return SendResult(DeliveryState.UNKNOWN if left else DeliveryState.NOT_SENT, type(problem).__name__)
        return SendResult(DeliveryState.SENT) if code // 100 == 2 else _refused(code)

    def _message(self, notice: Notice) -> EmailMessage:
        sender = str(self.table.sender)
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, notice.recipient, notice.subject
        message["Date"] = self.clock.now()
        # The same however often it is sent: mail programs show it once.
        message["Message-ID"] = f"<{notice.key}@{sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(notice.text)
        if notice.table:
            message.add_attachment(
                notice.table, maintype="text", subtype="csv", filename="contracts.csv", params={"charset": "utf-8"}
            )
        return message


def _refused(code: int) -> SendResult:
    return SendResult(DeliveryState.REFUSED, f"smtp_{code}")
