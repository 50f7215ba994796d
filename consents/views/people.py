"""Looking somebody up. An address comes in by POST and goes into no URL, log or message, and no browser's history."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from accounts import chosen
from accounts.clients import KeyErased
from accounts.definitions import Library
from accounts.models import Credential
from accounts.requests import Request, number
from consents import actions, copies, keys, picture, recent, sentences
from consents.actions import Change, Looked
from consents.changing import WORDS
from consents.forms import ChangeForm, LookUpForm
from consents.keys import NoKey
from consents.picture import Definitions
from consents.verdict import CONFIRMED, GIVEN, NOTHING, OPTED_OUT, WAITING
from upstream.apsis.consents import OPT_IN, OPT_OUT

READS = ["GET", "HEAD", "POST"]
AT_FIRST = 6  # sections that are ticked: with the person's addresses, as many calls as may be made about one at once
PRIVATE = sensitive_post_parameters("typed", "also", "key", "reason")


@PRIVATE
@require_http_methods(READS)
@permission_required("consents.look_up", raise_exception=True)
def look_up(request: Request) -> HttpResponse:
    """Ask for one person, and answer in the same breath."""
    own = chosen.credentials(request)
    credential = chosen.credential(request, own)
    if credential is None:
        return TemplateResponse(request, "consents/no_credential.html", {"here": "look-up"})
    library = Library(credential)
    is_sent = request.method == "POST" and not {"refresh", "redraw"} & set(request.POST)
    if "refresh" in request.POST:
        library.refresh("")
    form = _form(request, own, credential, library, is_sent=is_sent)
    context = {
        "here": "look-up",
        "form": form,
        "credential": credential,
        "listing": library.read("sections"),
        "recent": recent.of(request.session),
    }
    if not is_sent:
        return TemplateResponse(request, "consents/look_up.html", context)
    if not form.is_valid():
        return TemplateResponse(request, "consents/look_up.html", context, status=422)
    return _answer(request, credential, library, form, context)


def _form(
    request: Request, own: list[Credential], credential: Credential, library: Library, *, is_sent: bool
) -> LookUpForm:
    sections = [(one.discriminator, one.name) for one in library.read("sections").items]
    choices: dict[str, Any] = {
        "keyspaces": library.read("keyspaces").items,
        "accounts": chosen.accounts(own),
        "sections": sections,
    }
    if is_sent:
        data = request.POST.copy()
        # Somebody looked up again from the list of the last ten is asked about everywhere, as at first.
        if "sections" not in data and "again" in data:
            data.setlist("sections", [discriminator for discriminator, _name in sections[:AT_FIRST]])
        return LookUpForm(data, **choices)
    initial = {
        "account": str(credential.account_id),
        "sections": [discriminator for discriminator, _name in sections[:AT_FIRST]],
        "typed": request.POST.get("typed", ""),
    }
    return LookUpForm(initial=initial, **choices)


def _answer(
    request: Request, credential: Credential, library: Library, form: LookUpForm, context: dict[str, Any]
) -> HttpResponse:
    said = form.cleaned_data
    looked = actions.look_up(
        said["key"],
        by=request.user,
        credential=credential,
        sections=said["sections"],
        types=said["types"],
        also=said["also"],
    )
    recent.add(request.session, recent.LookedUp(said["typed"].strip(), said["key"].keyspace, credential.account_id))
    context |= {"looked": looked, "recent": recent.of(request.session)}
    context |= _shown(request, credential, library, looked)
    return TemplateResponse(request, "consents/look_up.html", context)


def _shown(request: Request, credential: Credential, library: Library, looked: Looked) -> dict[str, Any]:
    """Return what the page shows of an answer."""
    keyspace = library.read("keyspaces").named(looked.key.keyspace)
    read_as = sentences.read_as(keyspace, looked.key.text)
    if looked.found is None:
        return {"read_as": read_as}
    asked = [part.section for part in looked.found.parts]
    shown = picture.of(
        looked.found,
        Definitions(
            sections={one.discriminator: one.name for one in library.read("sections").items},
            channels=library.read("channels").items,
            topics={section: library.read("topics", section).items for section in asked},
            folders={one.discriminator: one.name for some in asked for one in library.read("folders", some).items},
        ),
        consent_version=credential.account.consent_version,
    )
    strong, soft = sentences.headline(shown)
    return {
        "read_as": read_as,
        "picture": shown,
        "strong": strong,
        "soft": soft,
        "copy": sentences.answer(shown, looked.at),
        "copies": copies.of(looked.found, to=request.user, now=looked.at),
        "may_change": keyspace.manage_subscriptions and request.user.has_perm("consents.change_consent"),
    }


@require_POST
@permission_required("consents.look_up", raise_exception=True)
def recent_forget(request: Request) -> HttpResponse:
    """Forget whom one looked up in this session."""
    recent.forget(request.session)
    messages.success(request, _("The list of people you looked up is gone. The audit history keeps its lines."))
    return redirect("consents:look_up")


# ── One consent changed ──────────────────────────────────────────────────────────────────────────────────────


@PRIVATE
@require_POST
@permission_required("consents.change_consent", raise_exception=True)
def consent_change(request: Request) -> HttpResponse:
    """Ask whether a consent is to be changed, and why; once that is said, change it and say what came of it."""
    own = Credential.objects.visible_to(request.user).select_related("account")
    credential = own.filter(account=number(request.POST.get("account", "")) or 0).first()
    if credential is None:
        return redirect("consents:look_up")
    named = _named(request, Library(credential))
    if named is None:
        messages.warning(request, _("What was to be changed is not at APSIS any more. Look the person up again."))
        return redirect("consents:look_up")
    is_sent = "confirm" in request.POST
    form = ChangeForm(request.POST if is_sent else None, initial={"type": request.POST.get("type", "")})
    context: dict[str, Any] = {"here": "look-up", "form": form, "credential": credential, "asked": named}
    if not is_sent or not form.is_valid():
        return TemplateResponse(request, "consents/change.html", context, status=422 if is_sent else 200)
    key, section, topic, channel = (named[word] for word in ("key", "section", "topic", "channel"))
    said = form.cleaned_data
    on = (section, topic.discriminator, channel.discriminator)
    wanted = Change(key, *on, said["type"], said["reason"], shown=named["shown"])
    try:
        made = actions.change(wanted, by=request.user, credential=credential, names=[topic.name, channel.name])
    except KeyErased:
        return redirect("consents:look_up")
    context |= {"made": made, "says": WORDS[made.outcome]}
    return TemplateResponse(request, "consents/changed.html", context)


def _named(request: Request, library: Library) -> dict[str, Any] | None:
    """Return what is to be changed, as the vendor names it; None where it does not."""
    post, keyspaces = request.POST, library.read("keyspaces").items
    section = library.read("sections").named(post.get("section", ""))
    if section is None or post.get("type") not in (OPT_IN, OPT_OUT):
        return None
    topic = library.read("topics", section.discriminator).named(post.get("topic", ""))
    channel = library.read("channels").named(post.get("channel", ""))
    try:
        key = keys.read(post.get("key", ""), keyspaces, post.get("keyspace", ""))
    except NoKey:
        return None
    if topic is None or channel is None:
        return None
    return {
        "key": key,
        "section": section.discriminator,
        "section_name": section.name,
        "topic": topic,
        "channel": channel,
        "type": post["type"],
        "shown": _shown_before(post.get("shown", "")),
    }


def _shown_before(word: str) -> str:
    """Return how the consent stood when it was shown, in a word of ours: whatever else somebody sends is not known."""
    return word if word in (GIVEN, CONFIRMED, OPTED_OUT, WAITING, NOTHING) else "unknown"
