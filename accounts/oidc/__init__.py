"""Coming in through the company's own sign-in: one OpenID Connect provider, named by settings (docs/sign-in.md)."""
