for (const button of document.querySelectorAll('.copy')) {
  button.hidden = false;
  button.onclick = async () => {
    const text = button.nextElementSibling;
    try {
      await navigator.clipboard.writeText(text.textContent);
    } catch {
      getSelection().selectAllChildren(text);
      document.execCommand('copy');
    }
    button.textContent = 'Copied';
    setTimeout(() => (button.textContent = 'Copy'), 1500);
  };
}
const rows = document.querySelector('[data-live]');
if (rows) {
  const state = document.querySelector('.live');
  const pause = document.querySelector('.pause');
  let paused = false;
  state.hidden = false;
  pause.hidden = false;
  const say = (text) => {
    if (state.textContent !== text) state.textContent = text;
  };
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? 'Go on' : 'Pause';
    say(paused ? 'Paused' : 'Live');
  };
  const look = async () => {
    if (paused || document.hidden) return setTimeout(look, 300);
    let rest = 100;
    try {
      const answer = await fetch(rows.dataset.live + rows.dataset.last);
      if (answer.status === 205) return location.reload();
      if (!answer.ok) throw 0;
      const news = document.createElement('template');
      news.innerHTML = await answer.text();
      const first = news.content.firstElementChild;
      if (first) {
        rows.dataset.last = first.dataset.id;
        for (const row of news.content.children) row.classList.add('new');
        rows.prepend(news.content);
        document.querySelector('.none')?.remove();
        rows.closest('table').hidden = false;
        while (rows.children.length > 200) rows.lastElementChild.remove();
      }
      if (!paused) say('Live');
    } catch {
      say('The mock does not answer');
      rest = 2000;
    }
    setTimeout(look, rest);
  };
  look();
}
if (location.hash.length > 1) {
  const answer = document.querySelector('[data-fragment]');
  if (answer) {
    answer.value = location.hash;
    answer.form.submit();
  }
}
