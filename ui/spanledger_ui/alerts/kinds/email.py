"""E-mail, by SMTP. Messages that are due together are one mail."""

import smtplib
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, ClassVar, Literal

from spanledger_ui.alerts import outbound
from spanledger_ui.alerts.message import Message, subject_of, text_of
from spanledger_ui.alerts.transport import TransportError


@dataclass(frozen=True, slots=True)
class Email:
    """A mail server, and to whom mails go from whom."""

    groups: ClassVar[bool] = True

    host: str
    sender: str
    to: tuple[str, ...]
    port: int = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: str = ""
    password: str = field(default="", repr=False, metadata={"secret": True})
    private: bool = False

    def __post_init__(self) -> None:
        if not self.to or any("@" not in each for each in (self.sender, *self.to)):
            raise ValueError("sender, to: give addresses such as ops@example.com")
        if self.security not in ("starttls", "tls", "none"):
            raise ValueError("security: give starttls, tls or none")
        if self.password and self.security == "none":
            raise ValueError("security: a password goes out encrypted only; give starttls or tls")

    def notify(self, messages: Sequence[Message]) -> None:
        """Send messages as one mail."""
        try:
            with self.session() as server:
                if self.security == "starttls":
                    server.starttls(context=outbound.tls())
                if self.user:
                    server.login(self.user, self.password)
                server.send_message(self.mail(messages))
        except smtplib.SMTPException as error:
            raise refused(error) from error
        except OSError as error:
            raise TransportError(outbound.code_of(error)) from error

    def session(self) -> smtplib.SMTP:
        """Return a conversation with the mail server, at an address that was checked."""
        if self.security == "tls":
            return CheckedTls(self.private, self.host, self.port)
        return Checked(self.private, self.host, self.port)

    def mail(self, messages: Sequence[Message]) -> EmailMessage:
        """Return messages as one mail; its id is that of the first, in every attempt."""
        mail = EmailMessage()
        mail["Subject"] = subject_of(messages)
        mail["From"], mail["To"] = self.sender, ", ".join(self.to)
        mail["Message-ID"] = f"<{messages[0].id}@spanledger>"
        mail["Date"] = messages[0].happened_at
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(text_of(messages) + "\n")
        return mail


class Checked(smtplib.SMTP):
    """SMTP by a connection of `outbound`."""

    def __init__(self, private: bool, host: str, port: int) -> None:
        self._private = private
        # our own name is nobody's business, and looking it up may take long
        super().__init__(host, port, "[127.0.0.1]", outbound.TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return outbound.connect(host, port, self._private)


class CheckedTls(Checked):
    """The same, encrypted from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        raw = super()._get_socket(host, port, timeout)
        return outbound.tls().wrap_socket(raw, server_hostname=host)


def refused(error: smtplib.SMTPException) -> TransportError:
    """Return what a mail server's refusal means: 4xx passes, 5xx does not."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code = max(code for code, _ in error.recipients.values())
    elif isinstance(error, smtplib.SMTPResponseException):
        code = error.smtp_code
    else:
        return TransportError("smtp")
    return TransportError(f"smtp_{code}", permanent=500 <= code < 600)
