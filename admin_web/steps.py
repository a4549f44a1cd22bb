"""The steps of consultations and what their modules say of the texts they gather; no module is known by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from admin_web.permissions import Ability
from admin_web.session import Me
from admin_web.site import Site, site_of
from flows.module import Module
from flows.texts import Said, Words, _
from storage import consultations
from storage.consultations import Consultation, Phase
from storage.moderation import Item
from storage.value import value


@value
class Step:
    """A phase with its consultation and its module; None where this program has no such module, or its settings can't
    be used."""

    consultation: Consultation
    phase: Phase
    module: Module | None

    @property
    def name(self) -> Said:
        return Words(self.phase.title or self.consultation.title)

    def kind(self, kind: str) -> Said | None:
        """What contributions of this kind are called."""
        if self.module is None:
            return None
        return self.module.kinds.get(kind, self.module.name) or None

    def told(self, item: Item) -> Sequence[tuple[Said, Said]]:
        """What else was given with it."""
        return self.module.told(item.fields) if self.module is not None else ()

    def theme(self, theme: str | None) -> Said | None:
        chosen = self.module.themes if self.module else ()
        return next((one.label for one in chosen if one.id == theme), theme)

    def status(self, status: str | None) -> Said | None:
        known = self.module.statuses if self.module else ()
        return next((one.label for one in known if one.id == status), status)

    def language(self, kind: str, me: Me) -> str | None:
        """In which language texts of this kind are found by their words; None where they are not."""
        return me.space.languages[0] if self.module and kind in self.module.found else None


FOR_GOOD = _(
    "A secret vote is sealed when it closes. Close it on the page of the consultation, which says what it means."
)


def module_of(site: Site, phase: Phase) -> Module | None:
    try:
        found = site.load_module(phase.kind, phase.settings)
    except (KeyError, ValueError):
        return None
    return found if isinstance(found, Module) else None


def seals(site: Site, phase: Phase) -> bool:
    """Whether closing this step is for good, as it is a secret vote; where it was sealed already it is not asked."""
    found = module_of(site, phase)
    return found is not None and found.seals and phase.sealed_at is None


async def moderated(request: Request, me: Me) -> Mapping[int, Step]:
    """The steps whose texts this person may read, by the phase's id, the newest consultation first."""
    site, where = site_of(request), me.rights.where(Ability.MODERATE)
    found: dict[int, Step] = {}
    async with site.database.read() as connection:
        for one in await consultations.listed(connection, me.space_id, site.clock()):
            if where is None or one.consultation.id in where:
                for phase in await consultations.phases(connection, me.space_id, one.consultation.id):
                    found[phase.id] = Step(one.consultation, phase, module_of(site, phase))
    return found
