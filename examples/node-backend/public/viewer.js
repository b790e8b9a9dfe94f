const container = document.querySelector("#viewer");
Lectern.load({ container, session: container.dataset.session }).catch((error) => {
  container.textContent = error.message;
});
