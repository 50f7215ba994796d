"""A copy of a saved segment."""

from __future__ import annotations

from django.test import Client

from audit.models import Event
from exports.models import SavedSegment


def test_the_copy_says_the_same_under_another_name_and_opens(as_anna: Client, segment: SavedSegment) -> None:
    response = as_anna.post(f"/segments/{segment.pk}/duplicate/")
    copy = SavedSegment.objects.exclude(pk=segment.pk).get()
    assert response["Location"] == f"/segments/{copy.pk}/"
    assert copy.name == "Copy of Spring newsletter"
    assert copy.consent_spec == segment.consent_spec
    assert (copy.version_no, copy.versions.count()) == (1, 1)
    assert Event.objects.filter(action="segment.created").count() == 2


def test_anonymous_is_sent_to_sign_in(client: Client, segment: SavedSegment) -> None:
    assert client.post(f"/segments/{segment.pk}/duplicate/")["Location"].startswith("/accounts/login/")
    assert SavedSegment.objects.count() == 1


def test_anothers_segment_is_404(as_jonas: Client, segment: SavedSegment) -> None:
    assert as_jonas.post(f"/segments/{segment.pk}/duplicate/").status_code == 404
    assert as_jonas.post("/segments/4711/duplicate/").status_code == 404


def test_wrong_method(as_anna: Client, segment: SavedSegment) -> None:
    assert as_anna.get(f"/segments/{segment.pk}/duplicate/").status_code == 405


def test_every_further_copy_finds_a_free_name(as_anna: Client, segment: SavedSegment) -> None:
    for _ in range(3):
        as_anna.post(f"/segments/{segment.pk}/duplicate/")
    names = sorted(SavedSegment.objects.exclude(pk=segment.pk).values_list("name", flat=True))
    assert names == ["Copy of Spring newsletter", "Copy of Spring newsletter (2)", "Copy of Spring newsletter (3)"]


def test_the_longest_name_still_fits(as_anna: Client, segment: SavedSegment) -> None:
    SavedSegment.objects.filter(pk=segment.pk).update(name="n" * 120)
    as_anna.post(f"/segments/{segment.pk}/duplicate/")
    as_anna.post(f"/segments/{segment.pk}/duplicate/")
    copies = SavedSegment.objects.exclude(pk=segment.pk).values_list("name", flat=True)
    assert len(set(copies)) == 2
    assert all(len(name) <= 120 for name in copies)
