"""The language that a text seems to be written in, where its sender says none."""


def language_of(text: str) -> str | None:
    """Its BCP 47 language subtag; None if the text does not tell."""
    from classifiers.text.language import guess_language  # noqa: PLC0415 - the web process loads no model

    return guess_language(text).code
