"""Keys, paste and mouse as the bytes a terminal would send to a program (xterm's control sequences)."""

from __future__ import annotations

from .emulator import Modes

_PLAIN = {"enter": "\r", "tab": "\t", "shift+tab": "\x1b[Z", "backspace": "\x7f", "escape": "\x1b", "space": " "}
_LETTERS = {"up": "A", "down": "B", "right": "C", "left": "D", "home": "H", "end": "F"}
_FUNCTION = {"f1": "P", "f2": "Q", "f3": "R", "f4": "S"}
_NUMBERS = {
    "insert": 2, "delete": 3, "pageup": 5, "pagedown": 6, "f5": 15, "f6": 17, "f7": 18, "f8": 19, "f9": 20,
    "f10": 21, "f11": 23, "f12": 24,
}  # fmt: skip
_CONTROL = {
    "at": 0, "@": 0, "space": 0, "left_square_bracket": 27, "backslash": 28, "right_square_bracket": 29,
    "circumflex_accent": 30, "underscore": 31, "slash": 31,
}  # fmt: skip


def encode_key(key: str, character: str | None, modes: Modes) -> bytes:
    """The bytes of a key by its Textual name; empty for keys a terminal does not send."""
    if key in _PLAIN:
        return _PLAIN[key].encode()
    *modifiers, name = key.split("+") if key != "+" else ("+",)
    if (letters := _cursor(name, modifiers, modes)) is not None:
        return letters
    if "alt" in modifiers:
        return b"\x1b" + encode_key("+".join([m for m in modifiers if m != "alt"] + [name]), character, modes)
    if "ctrl" in modifiers:
        if len(name) == 1 and name.isalpha():
            return bytes([ord(name.lower()) - 96])
        return bytes([_CONTROL[name]]) if name in _CONTROL else b""
    if character:
        return character.encode()
    return _PLAIN.get(name, name if len(name) == 1 else "").encode()


def _cursor(name: str, modifiers: list[str], modes: Modes) -> bytes | None:
    code = 1 + ("shift" in modifiers) + 2 * ("alt" in modifiers) + 4 * ("ctrl" in modifiers)
    if name in _NUMBERS:
        return f"\x1b[{_NUMBERS[name]}{f';{code}' if code > 1 else ''}~".encode()
    final = _LETTERS.get(name) or _FUNCTION.get(name)
    if final is None:
        return None
    if code > 1:
        return f"\x1b[1;{code}{final}".encode()
    return f"\x1b{'O' if modes.application_cursor or name in _FUNCTION else '['}{final}".encode()


def encode_paste(text: str, modes: Modes) -> bytes:
    """Pasted text, marked as such for programs that asked; it cannot end the mark itself."""
    text = text.replace("\r\n", "\r").replace("\n", "\r")
    if modes.bracketed_paste:
        text = "\x1b[200~" + text.replace("\x1b[201~", "") + "\x1b[201~"
    return text.encode()


def encode_focus(focused: bool, modes: Modes) -> bytes:
    """That the pane got or lost the keys, for programs that asked."""
    return (b"\x1b[I" if focused else b"\x1b[O") if modes.focus else b""


def encode_wheel(step: int, modes: Modes) -> bytes:
    """The wheel over a full-screen program that did not ask for the mouse: arrows, as in every terminal."""
    return encode_key("up" if step < 0 else "down", None, modes) * abs(step) if modes.alternate else b""


def encode_mouse(kind: str, button: int, x: int, y: int, modes: Modes, *, held: str = "") -> bytes:
    """A mouse event at cell (*x*, *y*) from 0; empty when the program did not ask for it.

    *kind* is `down`, `up`, `drag`, `move` or `wheel`; *button* is 0 left, 1 middle, 2 right; of the wheel 0 up, 1 down.
    *held* has the modifiers in it by name: `shift`, `alt`, `ctrl`.
    """
    wanted = {"drag": ("drag", "motion"), "move": ("motion",)}.get(kind, ("press", "drag", "motion"))
    if modes.mouse not in wanted:
        return b""
    modifiers = 4 * ("shift" in held) + 8 * ("alt" in held) + 16 * ("ctrl" in held)
    code = {"drag": 32 + button, "move": 35, "wheel": 64 + button}.get(kind, button)
    if modes.sgr_mouse:
        return f"\x1b[<{code + modifiers};{x + 1};{y + 1}{'m' if kind == 'up' else 'M'}".encode()
    if x > 222 or y > 222:  # the old encoding has no room for more
        return b""
    return b"\x1b[M" + bytes([32 + (3 if kind == "up" else code) + modifiers, 33 + x, 33 + y])
