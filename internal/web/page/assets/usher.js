// Comfort for pages that work without it. Nothing here decides anything.
'use strict';

// A form is sent once, however often its button is pressed.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'true';
  event.submitter?.setAttribute('aria-busy', 'true');
});

// Back to a page that the browser kept: its forms may be sent again.
window.addEventListener('pageshow', () => {
  for (const form of document.querySelectorAll('form[data-sent]')) delete form.dataset.sent;
  for (const button of document.querySelectorAll('[aria-busy]')) button.removeAttribute('aria-busy');
});

// Buttons that need a script are hidden until there is one.
for (const button of document.querySelectorAll('[data-reveal]')) {
  const input = document.getElementById(button.dataset.reveal);
  button.hidden = false;
  button.addEventListener('click', () => {
    const show = input.type === 'password';
    input.type = show ? 'text' : 'password';
    button.textContent = show ? button.dataset.hide : button.dataset.show;
    button.setAttribute('aria-pressed', String(show));
    input.focus();
  });
  input.form?.addEventListener('submit', () => {
    input.type = 'password'; // else browsers remember it as ordinary text
  });
}

if (navigator.clipboard) {
  for (const button of document.querySelectorAll('[data-copy]')) {
    const label = button.querySelector('[data-label]');
    const before = label.textContent;
    label.setAttribute('role', 'status');
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
        label.textContent = button.dataset.copied;
      } catch {
        label.textContent = button.dataset.failed;
      }
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  }
}

// data-wait: seconds until the server would accept the button.
for (const button of document.querySelectorAll('[data-wait]')) {
  const text = button.textContent;
  let left = Number(button.dataset.wait);
  if (!(left > 0)) continue;
  button.setAttribute('aria-disabled', 'true');
  button.addEventListener('click', (event) => {
    if (left > 0) event.preventDefault();
  });
  const show = () => { button.textContent = left > 0 ? `${text} (${left} s)` : text; };
  const timer = setInterval(() => {
    left -= 1;
    if (left <= 0) {
      clearInterval(timer);
      button.removeAttribute('aria-disabled');
    }
    show();
  }, 1000);
  show();
}

// A list is narrowed as soon as a filter is chosen.
for (const select of document.querySelectorAll('[data-submit]')) {
  select.addEventListener('change', () => select.form.requestSubmit());
}

// data-shortcut: a key that goes to the field, unless one is writing.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, textarea, select')) return;
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
});
