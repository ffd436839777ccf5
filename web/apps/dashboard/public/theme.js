// Before the first paint, so that a dark page never flashes white. A file of its own, because the
// content security policy allows no inline script.
try {
  var theme = localStorage.getItem('paydesk.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // storage is forbidden: the system's choice it is
}
