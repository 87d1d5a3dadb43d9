// Sends the form that takes a person to their identity provider (SAML bindings,
// section 3.5), so that nobody has to press its button. Someone who comes back
// by the Back button is left to choose.
'use strict';

const [navigation] = performance.getEntriesByType('navigation');
if (navigation?.type !== 'back_forward') {
  document.querySelector('form[data-auto-post]')?.requestSubmit();
}
