const form = document.querySelector("#upload");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const status = form.querySelector("[role=status]");
  const file = form.elements.file.files[0];
  status.textContent = "Uploading …";
  const response = await fetch(`/contracts?title=${encodeURIComponent(file.name.replace(/\.pdf$/i, ""))}`, {
    method: "POST",
    headers: { "content-type": file.type || "application/octet-stream" },
    body: file,
  });
  const answer = await response.json();
  if (response.ok) location.href = `/contracts/${answer.id}`;
  else status.textContent = answer.error;
});
