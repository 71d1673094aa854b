"""Three tools that behave like real ones and run on this machine: an e-mail service, an SMS gateway, an ad platform."""
