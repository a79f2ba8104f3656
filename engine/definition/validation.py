"""Everything that can be known before a run, said at once. Keys, types, ids and circles were checked before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .commands import check_commands
from .containers import check_containers
from .not_yet import check_not_yet
from .reachability import check_reachability
from .references import check_references
from .requests import check_requests
from .secret_places import check_secrets
from .settings import check_settings

if TYPE_CHECKING:
    from .context import Context


def validate(context: Context) -> None:
    """Run every check; what is found goes to the report."""
    check_not_yet(context)
    check_settings(context)
    check_references(context)
    check_secrets(context)
    check_requests(context)
    check_commands(context)
    check_containers(context)
    check_reachability(context)
