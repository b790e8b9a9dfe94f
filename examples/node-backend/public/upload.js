const form = document.querySelector("#upload");
const status = form.querySelector("[role=status]");

async function send(file) {
  status.textContent = "Uploading …";
  const response = await fetch(`/contracts?title=${encodeURIComponent(file.name.replace(/\.pdf$/i, ""))}`, {
    method: "POST",
    headers: { "content-type": file.type || "application/octet-stream" },
    body: file,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  location.href = `/contracts/${answer.id}`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  send(form.elements.file.files[0]).catch((error) => (status.textContent = error.message));
});
