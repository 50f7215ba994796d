from datetime import UTC, datetime, timedelta, timezone

import pytest

from upstream.apsis.event_exports import EventExportRequest

MAY = datetime(2024, 5, 1, tzinfo=UTC)


def test_all_of_it():
    request = EventExportRequest(
        start_at=MAY,
        end_at=datetime(2024, 5, 8, 1, 30, tzinfo=timezone(timedelta(hours=2))),
        attributes=("1852749", "1852750"),
        tags=("90311",),
        events=("99120",),
        segment_discriminator="usercreated.segments.women-rjz6b8td2n",
        timezone="Europe/Stockholm",
        topic_state=True,
    )

    assert request.to_body() == {
        "segment_filter": {
            "segment_discriminator": "usercreated.segments.women-rjz6b8td2n",
            "timezone": "Europe/Stockholm",
        },
        "start_at": "2024-05-01T00:00:00Z",
        "end_at": "2024-05-07T23:30:00Z",
        "attributes": [{"attribute_version_id": "1852749"}, {"attribute_version_id": "1852750"}],
        "tags": [{"tag_version_id": "90311"}],
        "events": [{"event_version_id": "99120"}],
        "include_topic_state": True,
    }


def test_the_least_of_it():
    assert EventExportRequest(start_at=MAY, timezone="Europe/Oslo").to_body() == {"start_at": "2024-05-01T00:00:00Z"}


def test_a_segment_without_a_time_zone():
    body = EventExportRequest(start_at=MAY, segment_discriminator="s").to_body()

    assert body["segment_filter"] == {"segment_discriminator": "s"}


NO_ZONE = MAY.replace(tzinfo=None)


@pytest.mark.parametrize("given", [{"start_at": NO_ZONE}, {"start_at": MAY, "end_at": NO_ZONE}])
def test_a_time_without_a_zone_is_none(given):
    with pytest.raises(ValueError, match="time zone"):
        EventExportRequest(**given)
