import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from upstream.apsis import definitions
from upstream.apsis.definitions import (
    Attribute,
    Channel,
    EventType,
    Folder,
    Keyspace,
    Listing,
    Section,
    Segment,
    Tag,
    Topic,
    Version,
    read_listing,
)

KINDS = [Keyspace, Channel, Section, Attribute, Tag, EventType, Topic, Folder, Segment]

OLD = {"id": "1852748", "type": "text", "created_at": "2020-01-01T00:00:00Z", "deprecated_at": "2021-06-01T00:00:00Z"}
NEW = {"id": "1852749", "type": "email", "created_at": "2021-06-01T00:00:00Z", "deprecated_at": None}


def one(kind, **item):
    (found,) = read_listing(kind, {"items": [{"discriminator": "d", **item}]})
    return found


class TestReading:
    def test_keyspace(self):
        assert one(Keyspace, name="Email", manage_subscriptions=True) == Keyspace(
            "d", "Email", manage_subscriptions=True
        )
        assert not one(Keyspace, manage_subscriptions="true").manage_subscriptions
        assert not one(Keyspace).manage_subscriptions

    def test_section(self):
        assert one(Section, id="4711", name="Nordic", description=None) == Section("d", "Nordic", "4711")
        assert one(Section, id=4711).id == "4711"
        assert one(Section).id is None

    def test_attribute(self):
        attribute = one(Attribute, name="Email", versions=[OLD, NEW], keyspace_permissions=[])

        assert attribute.versions == (Version("1852748", "text", "2021-06-01T00:00:00Z"), Version("1852749", "email"))
        assert attribute.usable == Version("1852749", "email")
        assert attribute.type == "email"

    def test_attribute_out_of_use(self):
        attribute = one(Attribute, versions=[OLD, {"id": "2", "deprecated_at": 1622505600}])

        assert (attribute.usable, attribute.type) == (None, None)

    def test_versions_that_are_none(self):
        assert one(Tag, versions=[None, "x", {}, {"id": None}, NEW]).versions == (Version("1852749", "email"),)
        assert one(Tag, versions="x").usable is None
        assert one(Tag).usable is None

    def test_a_version_without_the_key_is_in_use(self):
        assert one(Tag, versions=[{"id": 90311}]).usable == Version("90311")

    def test_event(self):
        schema = {"type": "object", "properties": {"amount": {"type": "number"}, "place": {}}}
        event = one(EventType, name="booking", description="", versions=[{"id": "99120", "schema": schema}])

        assert (event.name, event.description, event.usable.fields) == ("booking", "", ("amount", "place"))

    def test_topic(self):
        topic = one(Topic, name="SMS offers", folder_discriminator="f", channel_discriminator="c")

        assert topic == Topic("d", "SMS offers", "f", "c")
        assert one(Topic, channel_discriminator=None) == Topic("d", "d", None, None)
        assert one(Topic, consent_list_discriminator="f").folder == "f"

    def test_segment(self):
        assert one(Segment, name="Women", description=None, versions=[]) == Segment("d", "Women", "")
        assert one(Segment, description="all of them").description == "all of them"

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("name", [None, "", 5, {}])
    def test_no_name(self, kind, name):
        assert one(kind, name=name).name == "d"

    def test_a_hostile_name_stays_as_it_is(self):
        assert one(Topic, name="<script>\u202e").name == "<script>\u202e"

    def test_what_cannot_be_used_is_counted(self):
        found = read_listing(
            Topic, [{"discriminator": "a"}, {}, None, "x", {"discriminator": ".."}, {"discriminator": "b"}]
        )

        assert [topic.discriminator for topic in found] == ["a", "b"]
        assert found.skipped == 4

    @pytest.mark.parametrize("body", [None, "x", 5, {}, {"items": None}, {"items": {}}, {"message": "no"}])
    def test_no_list(self, body):
        assert read_listing(Topic, body) is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
property_names = st.sampled_from(
    ["discriminator", "name", "id", "versions", "deprecated_at", "type", "schema", "properties", "description",
     "folder_discriminator", "channel_discriminator", "manage_subscriptions"]
)  # fmt: skip
item_like = st.recursive(
    json_values,
    lambda inner: st.dictionaries(property_names, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=15,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(KINDS), item_like | st.lists(item_like) | st.fixed_dictionaries({"items": item_like}))
def test_anything_is_read_or_is_no_list(kind, body):
    found = read_listing(kind, body)

    assert found is None or (isinstance(found, Listing) and found.skipped >= 0)
    for definition in found or ():
        assert kind.from_json(json.loads(json.dumps(definition.to_json()))) == definition
        definition.name.encode()
        definition.discriminator.encode()


def test_json_is_plain():
    event = one(EventType, versions=[{**NEW, "schema": {"properties": {"a": {}}}}])

    assert event.to_json() == {
        "discriminator": "d",
        "name": "d",
        "description": "",
        "versions": [{"id": "1852749", "type": "email", "deprecated_at": None, "fields": ["a"]}],
    }


def test_a_listing_is_a_tuple():
    listing = Listing([Folder("a", "A")], skipped=3)

    assert listing == (Folder("a", "A"),)
    assert pickle.loads(pickle.dumps(listing)).skipped == 3
    assert definitions.Listing() == ()
