"""Explaining the blanks of a file: those without consent in it are looked up, one by one, as a list."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.definitions import Library
from accounts.models import Credential
from accounts.requests import Request
from audit import denials
from consents import list_actions
from consents.keys import Key
from consents.list_actions import Question
from consents.pasted import MOST, Pasted
from exports import blanks
from exports.kinds import Kind
from exports.models import ExportRun
from exports.pair import NoColumn
from runs.models import Status
from upstream.apsis.builtin import EXPORT_KEYSPACE

SAMPLE = 500

_SELECT = forms.Select(attrs={"class": "in"})


class BlanksForm(forms.Form):
    """Which consent is asked about, and of how many people."""

    topic = forms.ChoiceField(label=_("Subscription"), widget=_SELECT)
    channel = forms.ChoiceField(label=_("Channel"), widget=_SELECT)
    many = forms.TypedChoiceField(
        label=_("How many people"),
        coerce=int,
        choices=[(SAMPLE, _("a sample of 500")), (MOST, _("all of them, or a sample of 5,000 where they are more"))],
        widget=forms.RadioSelect,
        initial=SAMPLE,
    )

    def __init__(self, *args: Any, run: ExportRun, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {
            "topic": [(topic.id, topic.name) for topic in run.consent_spec.topics],
            "channel": [(channel.id, channel.name) for channel in run.consent_spec.consents],
        }
        for name, choices in offered.items():
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = choices


@require_http_methods(["GET", "HEAD", "POST"])
@permission_required(("exports.view_exportrun", "consents.look_up"), raise_exception=True)
def run_blanks(request: Request, pk: int) -> HttpResponse:
    """Ask which consent is meant, and have those without it in the file looked up by their export keys."""
    own = ExportRun.objects.owned_by(request.user).select_related("segment", "file", "account")
    run = denials.own_or_404(request, own, pk=pk)
    now = timezone.now()
    if run.segment.kind != Kind.CONSENTS or run.status != Status.SUCCEEDED or not (run.file and run.file.is_kept(now)):
        raise Http404
    credential = Credential.objects.visible_to(request.user).filter(account=run.account).first()
    if credential is None:
        return TemplateResponse(request, "consents/no_credential.html", {"here": "runs"})
    form = BlanksForm(request.POST if request.method == "POST" else None, run=run)
    if form.is_valid():
        asked = _asked(form, run, credential)
        if asked is not None:
            return redirect(list_actions.start(*asked, by=request.user, credential=credential, now=now))
    context = {"here": "runs", "run": run, "form": form}
    return TemplateResponse(request, "run_blanks.html", context, status=422 if form.errors else 200)


def _asked(form: BlanksForm, run: ExportRun, credential: Credential) -> tuple[Pasted, Question] | None:
    """Return who is to be asked about, and what; None where the form says why nobody can be. Raises Http404."""
    said, spec = form.cleaned_data, run.consent_spec
    question = list_actions.question(Library(credential), spec.section.id, said["topic"], said["channel"])
    column = next(one.column for one in spec.consents if one.id == said["channel"])
    try:
        people = blanks.sample(blanks.keys(run, column), said["many"], seed=run.pk)
    except FileNotFoundError:
        raise Http404 from None
    except NoColumn:
        form.add_error(None, _("No column of this file is sure to be the export key, so nobody can be looked up."))
        return None
    if question is None:
        form.add_error(None, _("APSIS does not name this section, subscription or channel any more."))
        return None
    if not people:
        form.add_error(None, _("Nobody in the file is without this consent."))
        return None
    return Pasted(people=[Key(EXPORT_KEYSPACE, key.lower()) for key in people]), question
