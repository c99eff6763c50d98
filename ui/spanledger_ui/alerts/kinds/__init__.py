"""The kinds of channels there are: for each a module, and a line of the table.

A kind is a frozen dataclass whose fields are the lines of a section of the file of channels;
`secret` ones come from a file or a variable only. What a message says is `message`'s to say.
"""

from collections.abc import Mapping
from types import MappingProxyType

from spanledger_ui.alerts.kinds.command import Command
from spanledger_ui.alerts.kinds.discord import Discord
from spanledger_ui.alerts.kinds.email import Email
from spanledger_ui.alerts.kinds.pagerduty import PagerDuty
from spanledger_ui.alerts.kinds.slack import Slack
from spanledger_ui.alerts.kinds.teams import Teams
from spanledger_ui.alerts.kinds.webhook import Webhook
from spanledger_ui.alerts.transport import Transport

KINDS: Mapping[str, type[Transport]] = MappingProxyType(
    {
        "webhook": Webhook,
        "slack": Slack,
        "email": Email,
        "pagerduty": PagerDuty,
        "teams": Teams,
        "discord": Discord,
        "command": Command,
    }
)
