"""The names that APSIS One gives to what every account has.

Source: developer.apsis.com, "Keyspaces", "Create a profile", "Set attributes v2".
"""

EMAIL_KEYSPACE, MOBILE_KEYSPACE = "com.apsis1.keyspaces.email", "com.apsis1.keyspaces.mobile"
CRM_KEYSPACE, EXPORT_KEYSPACE = "com.apsis1.keyspaces.crm-id", "com.apsis1.keyspaces.export"
EMAIL_CHANNEL, SMS_CHANNEL = "com.apsis1.channels.email", "com.apsis1.channels.sms"

# The channel whose address a key of this keyspace is.
CHANNEL_OF = {EMAIL_KEYSPACE: EMAIL_CHANNEL, MOBILE_KEYSPACE: SMS_CHANNEL}
# The attribute that holds the same as a key of this keyspace.
ATTRIBUTE_OF = {
    EMAIL_KEYSPACE: "com.apsis1.attributes.email",
    MOBILE_KEYSPACE: "com.apsis1.attributes.mobile",
    CRM_KEYSPACE: "com.apsis1.attributes.crmid",
}
# The attribute that holds the address of a channel.
ADDRESS_OF = {EMAIL_CHANNEL: "com.apsis1.attributes.email", SMS_CHANNEL: "com.apsis1.attributes.mobile"}
