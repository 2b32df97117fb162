{#- nbgrader's table of submissions, below a button that autogrades all of them. -#}
{%- extends 'nbgrader/manage_submissions.tpl' -%}

{%- block head -%}
{{ super() }}
<script src="{{ base_url }}/formgrader/autograder/autograde_all.js"></script>
<link rel="stylesheet" href="{{ base_url }}/formgrader/autograder/formgrader.css" />
{%- endblock head -%}

{%- block messages -%}
<section id="autograde-all" aria-label="Autograde all">
  <p>
    <button type="button" class="btn btn-primary" disabled>Autograde all</button>
    <label><input type="checkbox" /> also what is graded already</label>
  </p>
  <div class="progress" hidden>
    <div class="progress-bar" role="progressbar" aria-label="Graded submissions" aria-valuemin="0"></div>
  </div>
  <p role="status"></p>
  <table class="table" hidden>
    <thead><tr><th>Student</th><th>File</th><th>What happened</th></tr></thead>
    <tbody></tbody>
  </table>
  <details hidden>
    <summary>Log</summary>
    <pre></pre>
  </details>
  <p class="help-block">
    In a terminal, this is <code>nbgrader autograde {{ assignment_id }}</code> in
    <code>{{ course_dir }}</code>. A click on
    <em>Autograde</em> in the table grades one student.
  </p>
</section>
{%- endblock messages -%}
