// Sends the answer on its way. Without JavaScript, the button does.
document.getElementById("answer").submit();
