"""The constants of a task: what its profile declares, overlaid with what it gives itself.

Decides which values are allowed, and that values may use other constants, but not in a circle.
Must not know where constants are used.
"""

from typing import Final

from msgspec import Struct, field

from reconciler.manifests.confidential import check_origin
from reconciler.manifests.documents import Entry
from reconciler.manifests.fields import Fields
from reconciler.manifests.instances import matrix_names
from reconciler.manifests.patterns import expression, matches
from reconciler.manifests.reporting import Report, did_you_mean, shorten
from reconciler.manifests.substitution import (
    BUILTINS,
    MAX_TOTAL,
    Value,
    expand,
    exposed,
    names_in,
    too_much,
    what_it_is,
)
from reconciler.manifests.tree import Mapping, Node, Scalar, Sequence, resolve
from reconciler.manifests.vocabulary import HintedError
from reconciler.model.caller import CALLER_CONSTANTS, Caller
from reconciler.model.spec import Pairs

RESERVED: Final = BUILTINS | CALLER_CONSTANTS.keys()
MAX_NESTED: Final = 16
_LIMITS: Final = frozenset({"type", "pattern", "enum"})
_TYPES: Final[dict[str, tuple[type, ...]]] = {
    "integer": (int,), "number": (int, float), "boolean": (bool,),
}  # fmt: skip


class Constants(Struct):
    """One task's constants, expanded on first use."""

    profile: Entry
    given: Mapping
    report: Report
    task: str
    owner: Mapping
    varying: frozenset[str] = BUILTINS
    caller: Caller | None = None
    _declared: Mapping | None = None
    _values: dict[str, Value | None] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _total: int = 0

    @property
    def declared(self) -> Mapping:
        """What the profile declares, by name."""
        if self._declared is None:
            self._declared = self.profile.spec.mapping("constants")
        return self._declared

    def check(self) -> None:
        """Report what the task gives but may not, and what it should but does not."""
        declared = self.declared
        for name, value in self.given.items.items():
            self._check_given(name, value, declared)
        for name in declared.items:
            self.lookup(name, None)

    def exported(self) -> Pairs:
        """Return names and values that instances may see, sorted by name."""
        declared = self.declared
        shown = {
            name: value.scalar.text
            for name, value in self._values.items()
            if value is not None and not _flag(declared.mapping(name), "secret")
        }
        return tuple(sorted(shown.items()))

    def places(self) -> dict[str, Scalar]:
        """Return the values by name, for their places."""
        return {name: value.scalar for name, value in self._values.items() if value}

    def lookup(self, name: str, user: Scalar | None) -> Value | None:
        """Return a constant's value for a text that uses it."""
        if name in self._values:
            return self._values[name]
        declared = self.declared
        if name in CALLER_CONSTANTS and user is not None:
            return self._of_caller(name, user)
        if name not in declared.items:
            if user is not None:
                undeclared(name, user, self.profile, self.report)
            return None
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            if user is not None:
                self.report.about(
                    user, "constant-cycle", f"constants use each other in a circle: {circle}"
                )
            return None
        if len(self._open) > MAX_NESTED:
            if user is not None:
                message = f"constants use each other more than {MAX_NESTED} deep"
                self.report.about(user, "constant-limit", message)
            return None
        self._open.append(name)
        self._values[name] = self._evaluate(name, declared.mapping(name))
        self._open.pop()
        return self._values[name]

    def _of_caller(self, name: str, user: Scalar) -> Value | None:
        """Return what stands for whoever runs the reconciler; who that is, is not exported."""
        if self.caller is not None:
            text = self.caller.constant(name)
            return Value(Scalar(text, text, user.at, user.pointer))
        inner = self._open[-1] if self._open else ""
        if inner and self.declared.mapping(inner).get("default") is user:
            message = (
                f"task {self.task} gives no value to the constant {inner}, and its default is of"
                " whoever runs a folder of their own, which this source is not"
            )
            self._wanting("unknown-caller", inner, self.declared.mapping(inner), message)
        else:
            message = f"{name} is of whoever runs a folder of their own, which this source is not"
            self.report.about(user, "unknown-caller", message, "Write the value itself.")
        return None

    def _evaluate(self, name: str, declaration: Mapping) -> Value | None:
        own = self.given.get(name)
        if _flag(declaration, "locked"):
            own = None
        source = own if own is not None else declaration.get("default")
        if _flag(declaration, "secret"):
            return self._confided(name, source, declaration)
        if not isinstance(source, Scalar):
            return self._absent(name, declaration)
        value = expand(source, self.lookup, builtins=True, report=self.report,
                       varying=self.varying)  # fmt: skip
        if value is not None and value.scalar.origin is not None:
            exposed(names_in(source.text)[0], source, self.report)
            return None
        if value is None or not _allowed(name, value.scalar, declaration, self.report):
            return None
        before, self._total = self._total, self._total + len(value.scalar.text)
        if self._total > MAX_TOTAL:
            if before <= MAX_TOTAL:
                too_much(source, self.report)
            return None
        return Value(value.scalar, given=value.given or source is own)

    def _confided(self, name: str, source: Node | None, declaration: Mapping) -> Value | None:
        """Return what stands for a secret constant: no text, and where the value is."""
        origin = source.get("from") if isinstance(source, Mapping) else None
        if not isinstance(source, Mapping) or not isinstance(origin, Mapping):
            return self._absent(name, declaration)
        return Value(Scalar("", "", source.at, source.pointer, origin=origin))

    def _absent(self, name: str, declaration: Mapping) -> Value | None:
        if not _required(declaration):
            at, pointer = self.declared.place(name)
            return Value(Scalar("", "", at, pointer))
        if name in self.given.items:  # refused, and reported where it stands
            return None
        message = f"task {self.task} gives no value to the constant {name}"
        self._wanting("missing-constant", name, declaration, message)
        return None

    def _wanting(self, code: str, name: str, declaration: Mapping, message: str) -> None:
        """Report a constant to which the task should give a value."""
        at, pointer = self.owner.at, self.owner.pointer
        if "constants" in self.owner.items:
            at, pointer = self.owner.place("constants")
        about = declaration.text("description")
        hint = f"Write constants: {{{name}: …}}" + (f" ({about})" if about else "")
        self.report.error(code, at, pointer, message, hint)

    def _check_given(self, name: str, value: Node, declared: Mapping) -> None:
        at, pointer = self.given.place(name)
        declaration = declared.mapping(name)
        if name in RESERVED:
            reserved(name, self.given, self.report)
        elif name not in declared.items:
            message = f"profile {self.profile.name} declares no constant {shorten(name)}"
            hint = did_you_mean(name, declared.items)
            self.report.error("unknown-constant", at, pointer, message, hint)
        elif _flag(declaration, "locked"):
            message = f"profile {self.profile.name} has locked the constant {name}"
            self.report.error("locked-constant", at, pointer, message, "Remove it here.")
        else:
            _check_form(name, value, declaration, self.report)


def check_declarations(profile: Entry, report: Report) -> None:
    """Report what is wrong with a profile's constants, whoever uses it."""
    declared = profile.spec.mapping("constants")
    for name in declared.items:
        if name in RESERVED:
            reserved(name, declared, report)
        _check_declaration(name, declared.mapping(name), report)
    for part in ("container", "task", "cluster", "ssh"):
        _check_uses(profile.spec.mapping(part), profile, report)


def _check_declaration(name: str, declaration: Mapping, report: Report) -> None:
    pattern, default = declaration.get("pattern"), declaration.get("default")
    if isinstance(pattern, Scalar):
        try:
            expression(pattern.text)
        except HintedError as fault:
            report.about(pattern, "bad-format", str(fault), fault.hint)
            return
    if default is None:
        return
    if _flag(declaration, "required"):
        message = f"the constant {name} is required and has a default"
        report.about(default, "constant-declaration", message, "Keep one of the two.")
    _check_form(name, default, declaration, report)
    secret = _flag(declaration, "secret")
    if isinstance(default, Scalar) and not secret and not names_in(default.text):
        _allowed(name, default, declaration, report)


def _check_form(name: str, value: Node, declaration: Mapping, report: Report) -> None:
    """Report a secret that stands in a manifest, and a reference that stands for no secret."""
    secret = _flag(declaration, "secret")
    if secret and isinstance(value, Scalar):
        if value.text:  # nothing is no secret
            secret_literal(name, value, report)
    elif secret and isinstance(value, Mapping):
        check_origin(Fields(value, report))
    elif isinstance(value, Mapping):
        message = f"the constant {name} is not secret, and instances see its value"
        hint = "Declare it with secret: true, or write the value itself."
        report.about(value, "exposed-secret", message, hint)


def _check_uses(node: Node, profile: Entry, report: Report) -> None:
    if isinstance(node, Scalar):
        declared = profile.spec.mapping("constants").items
        known = RESERVED | declared.keys() | matrix_names(profile.spec.mapping("task"))
        for name in names_in(node.text) if isinstance(node.plain, str) else ():
            if name not in known:
                undeclared(name, node, profile, report)
        return
    for item in node.items.values() if isinstance(node, Mapping) else node.items:
        _check_uses(item, profile, report)


def undeclared(name: str, user: Scalar, profile: Entry, report: Report) -> None:
    """Report the use of a constant that is not declared."""
    message = f"profile {profile.name} declares no constant {name}"
    known = [*profile.spec.mapping("constants").items, *sorted(RESERVED)]
    hint = did_you_mean(name, known, f"Declare it, or write $${{{name}}} for the shell's own.")
    report.about(user, "unknown-constant", message, hint)


def reserved(name: str, owner: Mapping, report: Report) -> None:
    """Report the use of a built-in's name for something else."""
    at, pointer = owner.place(name)
    message = f"{name} is {what_it_is(name)}"
    report.error("reserved-name", at, pointer, message, "Choose another name.")


def secret_literal(name: str, value: Node, report: Report) -> None:
    """Report a secret written into a manifest."""
    message = f"the constant {name} is secret: its value may not stand in a manifest"
    hint = "Change the secret, and write where it is: {from: {env: NAME}}."
    report.about(value, "secret-literal", message, hint)


def _allowed(name: str, value: Scalar, declaration: Mapping, report: Report) -> bool:
    """Report a value that its declaration does not take."""
    if not _LIMITS & declaration.items.keys():
        return True
    text, fault, hint = value.text, "", declaration.text("description")
    kind, pattern = declaration.text("type"), declaration.text("pattern")
    choices = declaration.get("enum")
    if kind in _TYPES and not _is_a(text, kind):
        fault = f"{shorten(text)} is no {kind}"
    elif isinstance(choices, Sequence):
        known = [choice.text for choice in choices.items if isinstance(choice, Scalar)]
        if text not in known:
            fault, hint = f"{shorten(text)} is none of its values", did_you_mean(text, known)
    if not fault and pattern and not _fits(pattern, text):
        fault = f"{shorten(text)} does not match {pattern}"
    if fault:
        report.about(value, "constant-value", f"constant {name}: {fault}", hint)
    return not fault


def _is_a(text: str, kind: str) -> bool:
    value = resolve(text)
    return isinstance(value, _TYPES[kind]) and isinstance(value, bool) == (kind == "boolean")


def _fits(pattern: str, text: str) -> bool:
    try:
        return matches(pattern, text)
    except ValueError:  # reported where the pattern stands
        return True


def _flag(declaration: Mapping, name: str) -> bool:
    found = declaration.items.get(name)
    return isinstance(found, Scalar) and found.plain is True


def _required(declaration: Mapping) -> bool:
    said = declaration.get("required")
    if _flag(declaration, "secret"):
        return isinstance(said, Scalar) and said.plain is True
    return said is None or (isinstance(said, Scalar) and said.plain is True)
