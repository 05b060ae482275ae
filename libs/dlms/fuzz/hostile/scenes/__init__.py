"""All valid sessions, by subject."""

from typing import Final

from hostile.scene import Scene
from hostile.scenes import levels, lines, makes, protection, services

SCENES: Final[tuple[Scene, ...]] = (
    *levels.SCENES,
    *protection.SCENES,
    *services.SCENES,
    *lines.SCENES,
    *makes.SCENES,
)
BY_NAME: Final = {scene.name: scene for scene in SCENES}
