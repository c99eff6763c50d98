"""What is told to people: alerts, detectors, and how telling went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanledger_schema.api_alerts import DeliveryRow, DetectorRow, Errand
from spanledger_schema.api_budgets import AlertRow
from spanledger_ui.client.wire import Parameter, Wire, quoted


@dataclass(frozen=True, slots=True)
class Alerts:
    """Questions about what people are told."""

    wire: Wire

    def fired(self, **range_: Parameter) -> list[AlertRow]:
        """Return the thresholds that were crossed."""
        return self.wire.many(AlertRow, "alerts", range_)

    def deliveries(self, **range_: Parameter) -> list[DeliveryRow]:
        """Return the attempts to tell of alerts, newest first."""
        return self.wire.many(DeliveryRow, "alerts/deliveries", range_)

    def test_channel(self, channel: str) -> None:
        """Have a test sent on a channel."""
        self.wire.ask("POST", "alerts/test", {"channel": channel})

    def detectors(self) -> list[DetectorRow]:
        """Return the detectors, with what is set about each."""
        return self.wire.many(DetectorRow, "detectors")

    def tune_detector(self, name: str, wanted: Mapping[str, Any]) -> None:
        """Let a detector tell otherwise from now on."""
        self.wire.ask("PUT", f"detectors/{quoted(name)}", wanted)

    def errands(self, channels: Sequence[str], quiet: Sequence[str] = ()) -> list[Errand]:
        """Return what is due on channels, what came first first; on quiet ones what is critical."""
        return self.wire.many(Errand, "alerts/outbox", {"channel": channels, "quiet": quiet})

    def note_delivery(self, errand: Errand, error: str, permanent: bool) -> DeliveryRow:
        """Note how an attempt at an errand went; `error` is '' where it went well."""
        fields = ("project_id", "message_id", "event", "channel", "attempt")
        said = {name: getattr(errand, name) for name in fields}
        said |= {"error": error, "permanent": permanent}
        return self.wire.sent(DeliveryRow, "POST", "alerts/deliveries", said)
