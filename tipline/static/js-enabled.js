// Runs before the page is drawn, so that nothing jumps. A file, because the page allows no inline script.
document.body.className += " js-enabled" + ("noModule" in HTMLScriptElement.prototype ? " govuk-frontend-supported" : "");
