"""What the forms of `/contribute/new` and `/contribute/edit` say in the browser, in the page's language."""

from __future__ import annotations

from qit4n_kg.web.languages import gettext as _


def form_texts() -> dict[str, str]:
    """Return the texts by the names that the script uses; `{…}` is filled in there."""
    return {
        "add": _("Add another: {name}"),
        "remove": _("Remove: {name}"),
        "required": _("needed"),
        "choose": _("Choose …"),
        "search": _("Type a name, then choose"),
        "found": _("{count} found; choose with the arrow keys"),
        "none": _("Nothing is called so."),
        "notChosen": _("Choose one of the list, or make a new one."),
        "makeNew": _("New: {kind}"),
        "newThing": _("New: {kind}, sent along with this"),
        "language": _("Language of: {name}"),
        "dates": _("A year, a month (2021-03) or a day (2021-03-23)"),
        "yes": _("yes"),
        "no": _("no"),
        "more": _("More fields"),
        "identifier": _("Identifier"),
        "identifierFree": _("This identifier is free."),
        "identifierTaken": _("This identifier is taken, by: {name}"),
        "identifierMissing": _("It is suggested once the fields that it is made of are filled in."),
        "identifierBad": _("This is no identifier: small letters, digits, - and /."),
        "openTaken": _("Correct that one instead"),
        "noChange": _("Nothing is changed yet."),
        "changed": _("{property}: {before} → {value}"),
        "added": _("{property}: {value}, added"),
        "removed": _("{property}: {value}, removed"),
        "stated": _("{source} states this. Why is it not to be followed?"),
        "statedHint": _("The document stays as it is; what it says is overruled, with your reason beside it."),
        "misread": _("The document does not say so: we copied it wrongly"),
        "takenBack": _("{source} states this, and nothing is put in its place, so it is taken back as copied wrongly."),
        "reasonMissing": _("Say why the document is not followed."),
        "checking": _("Checking …"),
        "sending": _("Sending …"),
        "fine": _("Nothing to remark: this can be sent."),
        "fineSoFar": _(
            "Nothing to remark. To send it, say what it is about, consent, and give the reasons that are asked for."
        ),
        "faults": _("To mend: {count}. The first has the focus."),
        "warnings": _("Warnings: {count}. Mend them, or send it all the same."),
        "sendAnyway": _("Send all the same"),
        "send": _("Send for review"),
        "conflict": _("Somebody changed the same meanwhile. Nothing was taken, and what you typed is kept."),
        "reload": _("Show what is there now, with what I typed"),
        "failed": _("The server did not answer. What you typed is kept."),
        "signIn": _("You are not signed in. What you typed is kept in this browser window until you come back here."),
        "signInLink": _("Sign in"),
        "restored": _("What you typed before is here again."),
        "forget": _("Forget it, and start again"),
        "messageMissing": _("Say what it is about."),
        "licenceMissing": _("Consent to the licence, or it can't be taken."),
        "fieldMissing": _("This is needed."),
        "severityViolation": _("To mend"),
        "severityWarning": _("Warning"),
        "goTo": _("Go to the field"),
    }
