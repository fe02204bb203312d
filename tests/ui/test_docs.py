def test_the_docs_page_shows_every_operation_without_a_key(browser, app):
    page = browser.get("/docs")
    assert page.status_code == 200
    paths = app.openapi()["paths"]
    operations = [(method, path) for path, methods in paths.items() for method in methods]
    assert len(operations) > 20
    for method, path in operations:
        assert f"<code>{method.upper()} {path}</code>" in page.text


def test_the_docs_page_asks_nobody_else_for_anything(browser):
    page = browser.get("/docs")
    assert "<script" not in page.text
    assert 'src="http' not in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
