"""Lists of people: having one looked up, watching it, taking it home."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import chosen
from accounts.definitions import Library
from accounts.requests import Request
from audit import actions as audit
from audit import denials
from consents import kept, list_actions, list_words
from consents.list_forms import ListForm
from consents.models import Checklist
from consents.pasted import Pasted
from wording.amounts import count

PAGE = 25
SHOWN = 100  # people on the page of a list
READS = ["GET", "HEAD", "POST"]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

may_look = permission_required("consents.look_up", raise_exception=True)


@require_safe
@may_look
def list_index(request: Request) -> HttpResponse:
    """List one's lists, newest first."""
    page = Paginator(Checklist.objects.visible_to(request.user).order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    rows = [(made, list_words.headline(made)) for made in page]
    return TemplateResponse(
        request, "consents/list_index.html", {"here": "look-up", "page_obj": page, "rows": rows, "now": timezone.now()}
    )


@sensitive_post_parameters("people")
@require_http_methods(READS)
@may_look
def list_new(request: Request) -> HttpResponse:
    """Take a list of people, and what they are asked about."""
    own = chosen.credentials(request)
    credential = chosen.credential(request, own)
    if credential is None:
        return TemplateResponse(request, "consents/no_credential.html", {"here": "look-up"})
    library = Library(credential)
    if "refresh" in request.POST:
        library.refresh(request.POST.get("section", ""))
    offered = _offered(request, library)
    choices = {
        "account": chosen.accounts(own),
        **{name: [(one.discriminator, one.name) for one in items] for name, items in offered.items()},
    }
    keyspaces = library.read("keyspaces").items
    is_sent = request.method == "POST" and not {"refresh", "redraw"} & set(request.POST)
    if is_sent:
        form = ListForm(request.POST, request.FILES, keyspaces=keyspaces, choices=choices)
    else:
        initial = {
            "account": str(credential.account_id),
            **{name: request.POST.get(name, "") for name in ("people", "section")},
        }
        form = ListForm(initial=initial, keyspaces=keyspaces, choices=choices)
    if is_sent and form.is_valid():
        said = form.cleaned_data
        asked = list_actions.question(library, said["section"], said["topic"], said["channel"])
        assert asked is not None  # the form offers what the vendor names, and nothing else
        try:
            made = list_actions.start(said["read"], asked, by=request.user, credential=credential)
        except OSError:
            form.add_error(None, _("This desk’s disk is full, so no list can be kept. Tell an admin, and try again."))
        else:
            messages.info(request, _left_out(said["read"]))
            return redirect(made)
    context = {"here": "look-up", "form": form, "listing": library.read("sections")}
    return TemplateResponse(request, "consents/list_new.html", context, status=422 if is_sent else 200)


def _offered(request: Request, library: Library) -> dict[str, Any]:
    """Return what can be chosen: sections, the subscriptions of the one that is chosen, channels."""
    sections = library.read("sections").items
    chosen = request.POST.get("section") or (sections[0].discriminator if sections else "")
    return {
        "section": sections,
        "topic": library.read("topics", chosen).items if chosen else [],
        "channel": library.read("channels").items,
    }


def _left_out(read: Pasted) -> str:
    """Say who is asked about, and what was left out."""
    blanks, doubles, faults = read.blanks, read.doubles, len(read.faults)
    people = ngettext("%(n)s person is asked about.", "%(n)s people are asked about.", len(read.people))
    parts = [
        (int(read.has_header), _("the header")),
        (blanks, ngettext("%(n)s blank line", "%(n)s blank lines", blanks)),
        (doubles, ngettext("%(n)s double", "%(n)s doubles", doubles)),
        (faults, ngettext("%(n)s line that cannot be read", "%(n)s lines that cannot be read", faults)),
    ]
    said = people % {"n": count(len(read.people))}
    left = ", ".join(words % {"n": count(n)} for n, words in parts if n)
    return said + (" " + _("Left out: %(parts)s.") % {"parts": left} if left else "")


@require_safe
@may_look
def list_detail(request: Request, pk: int) -> HttpResponse:
    """Show how far a list is, or what was found out."""
    return TemplateResponse(request, "consents/list_detail.html", _shown(request, _own(request, pk)))


@require_safe
@may_look
def list_live(request: Request, pk: int) -> HttpResponse:
    """Answer with how far a list is, or 204 while what the page shows still holds."""
    made = _own(request, pk)
    if request.GET.get("shown") == str(made.version):
        return HttpResponse(status=204)
    return TemplateResponse(request, "consents/list_detail.html#list_live", _shown(request, made))


@require_POST
@may_look
def list_workbook(request: Request, pk: int) -> HttpResponse:
    """Hand out everybody of a list as a workbook."""
    made, now = _own(request, pk), timezone.now()
    if not made.is_over or not made.is_kept(now):
        raise Http404
    about = [[words] for words in list_words.headline(made) if words]
    content = BytesIO()
    try:
        rows = list_words.table(made, kept.found(made))
        import_string(settings.WORKBOOK)(
            rows, content, kinds={}, rows=made.done, most=(made.done, 0), about=about, at=timezone.localtime(now)
        )
    except kept.GONE:
        raise Http404 from None
    audit.record("list.downloaded", by=request.user, target=made, people=made.done)
    name = f"list_{made.pk}_{timezone.localtime(made.created_at):%Y-%m-%d}.xlsx"
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(content.getvalue(), content_type=XLSX, headers={"Content-Disposition": disposition or ""})


@require_POST
@may_look
def list_cancel(request: Request, pk: int) -> HttpResponse:
    """Ask a list to stop."""
    made = _own(request, pk)
    list_actions.cancel(made, by=request.user)
    return redirect(made)


@require_POST
@may_look
def list_remove(request: Request, pk: int) -> HttpResponse:
    """Remove the people of a list."""
    made = _own(request, pk)
    if list_actions.remove(made, by=request.user):
        messages.success(request, _("Who was asked about is gone from here. The numbers stay."))
    return redirect(made)


def _own(request: Request, pk: int) -> Checklist:
    return denials.own_or_404(request, Checklist.objects.visible_to(request.user), pk=pk)


def _shown(request: Request, made: Checklist) -> dict[str, Any]:
    """Return what the page shows, and write it down where that is people."""
    so, soft = list_words.headline(made)
    has_people = made.is_over and bool(made.slices) and made.is_kept(timezone.now())
    wanted = request.GET.get("outcome", "")
    people: list[Any] = []
    if has_people:
        try:
            every = (one for one in kept.found(made) if not wanted or one.word == wanted)
            people = [(one, list_words.why(one)) for one, _place in zip(every, range(SHOWN), strict=False)]
        except kept.GONE:
            has_people = False
    if people:
        audit.record("list.looked_at", by=request.user, target=made)
    return {
        "here": "look-up",
        "made": made,
        "so": so,
        "soft": soft,
        "groups": list_words.groups(made),
        "people": people,
        "has_people": has_people,
        "outcome": wanted,
        "share": round(100 * made.done / made.total) if made.total else 0,
    }
