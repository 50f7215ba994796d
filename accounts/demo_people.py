"""The demo's invented people. They exist only under the demo flag, which binds the desk to this machine.

Plain data, no Django: the supervisor prints it.
"""

PASSWORD = "consent-desk-demo"  # noqa: S105  printed at every start of the demo

# user name, full name, group, what this person is for
PEOPLE = [
    ("anna", "Anna Berg", "Marketer", "marketer: segments, runs, files; changes consents"),
    ("jonas", "Jonas Lind", "Marketer", "marketer, with a key that sees less"),
    ("maria", "Maria Holm", "Auditor", "auditor: reads the audit history"),
    ("karin", "Karin Öst", "Admin", "admin: people, vendor accounts, audit history"),
]

# Who may change other people's consents, besides.
STEWARDS = {"anna"}
