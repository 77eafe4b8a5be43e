// Loaded in <head> before anything is painted, so that the page never flashes in the
// wrong colours. Without a choice of the user the system's preference decides.
(() => {
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is switched off in this browser
    }
  };
  const apply = () => {
    const theme = chosen() || (system.matches ? "dark" : "light");
    document.documentElement.setAttribute("data-bs-theme", theme);
    document.documentElement.setAttribute("data-theme-choice", chosen() || "system");
  };
  window.chooseTheme = (choice) => {
    try {
      if (choice === "system") localStorage.removeItem("theme");
      else localStorage.setItem("theme", choice);
    } catch {
      // The choice then holds for this page only.
      document.documentElement.setAttribute("data-bs-theme", choice);
      return;
    }
    apply();
  };
  system.addEventListener("change", apply);
  window.addEventListener("storage", apply); // chosen in another tab
  apply();
})();
