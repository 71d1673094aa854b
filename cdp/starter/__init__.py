"""`cdp init`: a project of one's own, made of the shared models and one example source."""
