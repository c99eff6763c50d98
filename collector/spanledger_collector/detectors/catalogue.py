"""Every detector there is, in the order in which they are shown."""

from collections.abc import Mapping
from types import MappingProxyType

from spanledger_collector.detectors.anomaly import ANOMALY
from spanledger_collector.detectors.context import CONTEXT
from spanledger_collector.detectors.errors import ERRORS
from spanledger_collector.detectors.finding import Detector
from spanledger_collector.detectors.loop import LOOP
from spanledger_collector.detectors.stalled import STALLED
from spanledger_collector.detectors.steps import STEPS
from spanledger_collector.detectors.unpriced import UNPRICED
from spanledger_collector.detectors.velocity import VELOCITY

DETECTORS: Mapping[str, Detector] = MappingProxyType(
    {
        detector.name: detector
        for detector in (
            LOOP, VELOCITY, CONTEXT, STEPS, ANOMALY, STALLED, UNPRICED, ERRORS,
        )
    }
)  # fmt: skip
