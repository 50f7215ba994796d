import json

import pytest

from upstream.apsis.exports import (
    AttributeColumn,
    ChannelColumn,
    ConsentExportRequest,
    SegmentChoice,
    TagColumn,
)

EMAIL = ChannelColumn("EmailConsent", "com.apsis1.channels.email")
SMS = ChannelColumn("MobileConsent", "com.apsis1.channels.sms")


class TestConsentExportRequest:
    def test_the_vendors_own_example(self):
        request = ConsentExportRequest(
            section_discriminator="usercreated.sections.europe-r6tz73a27t",
            consent_list_discriminator="usercreated.targets.jeans-3ayb7167e4",
            topic_discriminators=(
                "usercreated.topics.bluejeans-cbyntm8qnw",
                "usercreated.topics.greenjeans-cbyntm8qnw",
            ),
            channels=(EMAIL, SMS),
            attributes=(AttributeColumn("Email", "1852749"), AttributeColumn("Mobile", "1852750")),
        )

        assert request.to_body() == {
            "section_discriminator": "usercreated.sections.europe-r6tz73a27t",
            "consent_list_discriminator": "usercreated.targets.jeans-3ayb7167e4",
            "topic_discriminators": [
                "usercreated.topics.bluejeans-cbyntm8qnw",
                "usercreated.topics.greenjeans-cbyntm8qnw",
            ],
            "channels": [
                {"field_name": "EmailConsent", "channel_discriminator": "com.apsis1.channels.email"},
                {"field_name": "MobileConsent", "channel_discriminator": "com.apsis1.channels.sms"},
            ],
            "attributes": [
                {"field_name": "Email", "attribute_version_id": "1852749"},
                {"field_name": "Mobile", "attribute_version_id": "1852750"},
            ],
            "exclude_unsubscribed_profiles": False,
        }

    def test_all_the_rest(self):
        body = ConsentExportRequest(
            section_discriminator="s",
            topic_discriminators=("t",),
            channel_discriminator="com.apsis1.channels.email",
            tags=(TagColumn("VIP", "90311"),),
            segments=SegmentChoice(
                "Europe/Stockholm", {"women": "usercreated.segments.women-rjz6b8td2n"}, filter="women"
            ),
            exclude_unsubscribed_profiles=True,
        ).to_body()

        assert body == {
            "section_discriminator": "s",
            "topic_discriminators": ["t"],
            "channel_discriminator": "com.apsis1.channels.email",
            "tags": [{"field_name": "VIP", "tag_version_id": "90311"}],
            "segments": {
                "timezone": "Europe/Stockholm",
                "segment_discriminators": {"women": "usercreated.segments.women-rjz6b8td2n"},
                "filter": "women",
            },
            "exclude_unsubscribed_profiles": True,
        }
        json.dumps(body)

    def test_segments_by_definition(self):
        choice = SegmentChoice("UTC", segment_definitions={"all": "some AQL"})

        assert choice.to_body() == {"timezone": "UTC", "segment_definitions": {"all": "some AQL"}}

    @pytest.mark.parametrize("given", [{}, {"channel_discriminator": "c", "channels": (EMAIL,)}])
    def test_one_way_of_naming_channels(self, given):
        with pytest.raises(ValueError, match="one channel"):
            ConsentExportRequest("s", ("t",), **given)
